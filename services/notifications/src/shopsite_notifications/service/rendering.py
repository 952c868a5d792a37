"""Make a mail's content from its templates, HTML and plain text.

HTML templates are put together in two steps. Once, at the start: layout, parts and page become one document (tags in
``[% %]`` and ``[[ ]]``), and its style sheet goes into the tags, as mail readers need it. For each mail: Jinja fills in
the rest (``{% %}`` and ``{{ }}``), with everything escaped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from premailer import Premailer

from shopsite_notifications.domain import KINDS, Kind, clean

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_MARK = re.compile(r"<!--tag(\d+)-->|tag(\d+)z")


@dataclass(frozen=True)
class Content:
    """The two bodies of a mail."""

    html: str
    text: str


class Renderer:
    """Holds the compiled templates.

    Args:
        shop_name: the shop's name, in header and footer.
        colour: the shop's colour, ``#rrggbb``.
        origin: where links lead, ``https://shop.example``.
        order_page_path: the page of one order, ``/orders/{order_id}``; empty if the shop has none.
    """

    def __init__(self, *, shop_name: str, colour: str, origin: str, order_page_path: str = "") -> None:
        self._order_page = f"{origin}{order_page_path}" if order_page_path else ""
        shared = {"shop_name": clean(shop_name), "origin": origin, "colour": colour}
        assembly = _assembly_environment()
        pages = _environment(autoescape=True, shared=shared)
        texts = _environment(autoescape=False, shared=shared)
        self._html: dict[Kind, Template] = {
            kind: pages.from_string(_inlined(assembly.get_template(f"{kind}.html").render(colour=colour)))
            for kind in KINDS
        }
        self._text: dict[Kind, Template] = {kind: texts.get_template(f"{kind}.txt") for kind in KINDS}

    def render(
        self, kind: Kind, *, subject: str, context: Mapping[str, Any], first_name: str, link: str = ""
    ) -> Content:
        """Return a mail's content.

        Args:
            context: what the event told.
            link: the page that a password reset leads to.
        """
        order_id = str(context.get("order_id") or "")
        order_url = self._order_page.replace("{order_id}", order_id) if order_id else ""
        own = {"subject": subject, "first_name": first_name, "link": link, "order_url": order_url}
        values = clean({"number": "", **context, **own})
        text = self._text[kind].render(values)
        return Content(self._html[kind].render(values), _BLANK_LINES.sub("\n\n", text).strip() + "\n")


def amount(value: str | Decimal, currency: str) -> str:
    """Return an amount for people: ``NGN 1,999.50``."""
    return f"{currency} {Decimal(value):,.2f}"


def moment(value: str) -> str:
    """Return an RFC 3339 moment for people: ``24 November 2026, 08:30 UTC``."""
    return datetime.fromisoformat(value).strftime("%d %B %Y, %H:%M UTC").lstrip("0")


def _environment(*, autoescape: bool, shared: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=PackageLoader("shopsite_notifications"),
        autoescape=autoescape,  # noqa: S701 - off for plain text only
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(amount=amount, moment=moment)
    environment.globals.update(shared)
    return environment


def _assembly_environment() -> Environment:
    return Environment(
        loader=PackageLoader("shopsite_notifications"),
        autoescape=False,  # noqa: S701 - it joins our own files; what strangers wrote comes in the second step
        undefined=StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
    )


def _inlined(document: str) -> str:
    """Return the template with its styles in the tags.

    The inliner parses HTML and would escape or move template tags, so marks stand in for them meanwhile: a word for a
    value, which may be in an attribute, and a comment for a statement, which may be between two rows of a table.
    """
    tags: list[str] = []

    def mark(match: re.Match[str]) -> str:
        tags.append(match.group())
        number = len(tags) - 1
        return f"tag{number}z" if match.group().startswith("{{") else f"<!--tag{number}-->"

    marked = _TAG.sub(mark, document)
    inlined: str = Premailer(
        marked, keep_style_tags=False, remove_classes=False, disable_validation=True, cssutils_logging_level=50
    ).transform()
    return _MARK.sub(lambda match: tags[int(match.group(1) or match.group(2))], inlined)
