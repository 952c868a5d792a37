"""Reads a mail as it came over the wire, however odd it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape
from typing import Any

SNIPPET_LENGTH = 250


@dataclass(frozen=True, kw_only=True)
class Part:
    """An attachment, or a picture that the HTML shows by its content id."""

    part_id: str
    file_name: str
    content_type: str
    content_id: str
    is_inline: bool
    content: bytes

    def listed(self) -> dict[str, Any]:
        """Returns the part as Mailpit lists it."""
        return {
            "PartID": self.part_id,
            "FileName": self.file_name,
            "ContentType": self.content_type,
            "ContentID": self.content_id,
            "Size": len(self.content),
        }


class Mail:
    """A parsed mail; everything is worked out when asked for."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._message: EmailMessage = message_from_bytes(raw, policy=policy.default)

    def addresses(self, header: str) -> list[dict[str, str]]:
        """Returns the people in a header as Mailpit gives them: name and address."""
        # Names are decoded last: a comma within an encoded one separates nobody.
        people = getaddresses(self._values(header))
        return [{"Name": _decoded(name), "Address": address} for name, address in people if address]

    def header(self, name: str) -> str:
        """Returns one header, unfolded and decoded; empty when it is not there."""
        return _decoded(next(iter(self._values(name)), ""))

    def headers(self) -> dict[str, list[str]]:
        """Returns all headers, each with all its values."""
        return {name: [_decoded(value) for value in self._values(name)] for name, _ in self._message.raw_items()}

    def _values(self, name: str) -> list[str]:
        """Header values as they came: the library's own structured reading fails on some odd ones."""
        items = self._message.raw_items()
        return [_readable(value) for key, value in items if key.lower() == name.lower()]

    @property
    def message_id(self) -> str:
        """The Message-ID without its brackets."""
        return self.header("Message-ID").strip("<>")

    @property
    def date(self) -> str | None:
        """The Date header as RFC 3339, None when it can't be read."""
        try:
            return parsedate_to_datetime(self.header("Date")).isoformat()
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """The plain-text part, lines ending in a bare newline."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self._message.get_body(preferencelist=(kind,))
        return _text_of(part) if part is not None else ""

    @property
    def snippet(self) -> str:
        """The mail's first words."""
        text = self.text or unescape(re.sub(r"(?s)<(style|script|head).*?</\1>|<[^>]+>", " ", self.html))
        return " ".join(text.split())[:SNIPPET_LENGTH]

    def parts(self) -> list[Part]:
        """Returns attachments and inline pictures in the order of the mail."""
        bodies = {id(self._message.get_body(preferencelist=(kind,))) for kind in ("plain", "html")}
        leaves = ((str(n), part) for n, part in enumerate(self._message.walk()) if not part.is_multipart())
        return [_part(number, part) for number, part in leaves if id(part) not in bodies]

    def summary(self, recipients: Iterable[str] = ()) -> dict[str, Any]:
        """Returns who, to whom and about what; recipients of the envelope that no header names are blind copies."""
        people = {header: self.addresses(header) for header in ("To", "Cc", "Bcc", "Reply-To")}
        known = {person["Address"].lower() for header in ("To", "Cc", "Bcc") for person in people[header]}
        hidden = [{"Name": "", "Address": address} for address in recipients if address.lower() not in known]
        return {
            "MessageID": self.message_id,
            "From": next(iter(self.addresses("From")), None),
            "To": people["To"],
            "Cc": people["Cc"],
            "Bcc": [*people["Bcc"], *hidden],
            "ReplyTo": people["Reply-To"],
            "Subject": self.header("Subject"),
            "Size": len(self.raw),
            "Tags": [],
            "Attachments": sum(not part.is_inline for part in self.parts()),
            "Snippet": self.snippet,
        }


def _readable(value: str) -> str:
    """Turns bytes that the library smuggled through as surrogates into the UTF-8 that they are."""
    return " ".join(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _text_of(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n")


def _part(number: str, part: MIMEPart) -> Part:
    payload = part.get_payload(decode=True)
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    return Part(
        part_id=number,
        file_name=part.get_filename() or f"part-{number}",
        content_type=part.get_content_type(),
        content_id=content_id,
        is_inline=bool(content_id) and part.get_content_disposition() != "attachment",
        content=payload if isinstance(payload, bytes) else b"",
    )
