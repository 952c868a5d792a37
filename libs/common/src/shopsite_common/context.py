"""What belongs to the request or message at hand: its ids, carried by context variables into logs, calls and events."""

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
consumed: ContextVar[str] = ContextVar("consumed", default="")
"""The routing key of the event that is being handled, empty for a request: ``payments.PaymentSucceeded.v1``."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id_of(header: str) -> str:
    """Return the trace id of a W3C ``traceparent``, or an empty string if it isn't one."""
    match = _TRACEPARENT.fullmatch(header)
    return match.group(1) if match and match.group(1) != "0" * 32 else ""


def new_traceparent() -> str:
    """Return a fresh W3C ``traceparent``, not sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def enter(client_request_id: str, client_traceparent: str) -> tuple[str, str]:
    """Set both variables from what came in, or from new values; return them.

    A well-formed request id of the client is kept; else it is the trace id, so that the two name the same thing.
    """
    parent = client_traceparent if trace_id_of(client_traceparent) else new_traceparent()
    own = client_request_id if _REQUEST_ID.fullmatch(client_request_id) else trace_id_of(parent)
    request_id.set(own)
    traceparent.set(parent)
    return own, parent
