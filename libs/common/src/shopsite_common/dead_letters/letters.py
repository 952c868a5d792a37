"""What is read from a message that has died. Total: a letter that nobody can read must not be lost for it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from pydantic import ValidationError

from shopsite_common.context import trace_id_of
from shopsite_common.dead_letters import masking
from shopsite_common.events import UnknownEvent, decode
from shopsite_common.topology import ATTEMPT_HEADER, REASON_HEADER

_EVENT = re.compile(r"shopsite\.([a-z]+\.[A-Za-z]+\.v\d+)")
_MAX_EVENT = 100


@dataclass(frozen=True)
class Letter:
    """A message that has died.

    Attributes:
        queue: the queue it came from, to which a replay returns it.
        body: as it was, or what was left of it when its customer was erased.
        fingerprint: of the body as it was; one body in one queue is one letter, however often it dies.
        event: ``orders.OrderCreated.v1``, or None where the body does not say.
        reason: why it died, without personal data.
        attempts: how often a handler had it.
    """

    queue: str
    body: bytes
    fingerprint: bytes
    event: str | None
    event_id: UUID | None
    trace_id: str
    reason: str
    attempts: int

    def without_person(self) -> Self:
        """Return the letter as it stays when its customer is erased."""
        return replace(self, body=masking.anonymised(self.body))


def read_letter(queue: str, body: bytes, headers: Mapping[str, Any]) -> Letter:
    """Return the letter in a message of ``<queue>.dead``."""
    document = masking.read(body)
    found = document if isinstance(document, dict) else {}
    return Letter(
        queue=queue,
        body=body,
        fingerprint=hashlib.sha256(body).digest(),
        event=_event_of(found),
        event_id=_identifier(found.get("id")),
        trace_id=trace_id_of(str(found.get("traceparent"))),
        reason=masking.clean_reason(str(headers.get(REASON_HEADER) or _broker_reason(body, headers)), body),
        attempts=_attempts(headers),
    )


def _event_of(document: Mapping[str, Any]) -> str | None:
    match = _EVENT.fullmatch(str(document.get("type"))[:_MAX_EVENT])
    return match.group(1) if match else None


def _identifier(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _attempts(headers: Mapping[str, Any]) -> int:
    text = str(headers.get(ATTEMPT_HEADER, 1))
    return int(text) if re.fullmatch(r"\d{1,4}", text) else 1


def _broker_reason(body: bytes, headers: Mapping[str, Any]) -> str:
    """Return why the broker put the message aside: only of a rejected one can the body tell more."""
    by_broker = str(headers.get("x-first-death-reason", "rejected"))
    try:
        decode(body)
    except UnknownEvent as error:
        return f"it cannot be decoded: {_told(error)}"
    return f"by the broker: {by_broker}"


def _told(error: UnknownEvent) -> str:
    """Return what is wrong on one line; pydantic's own words would quote the values."""
    if not isinstance(cause := error.__cause__, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in cause.errors())
