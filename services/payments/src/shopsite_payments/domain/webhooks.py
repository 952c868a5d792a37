"""What can be read from a webhook, and what of it may be kept of an erased customer."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHARGE_SUCCEEDED = "charge.success"
REFUND_PREFIX = "refund."
DISPUTE_PREFIX = "charge.dispute."
DISPUTE_ENDED, DISPUTE_WON = (
    "resolved",
    "declined",
)  # a dispute's last status, and the resolution that leaves us the money

_KEPT = (
    "id",
    "status",
    "domain",
    "reference",
    "transaction_reference",
    "refund_reference",
    "amount",
    "refund_amount",
    "currency",
    "channel",
    "category",
    "resolution",
    "paid_at",
    "created_at",
)
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A webhook's gist: what happened, and to which transaction.

    Attributes:
        key: tells repetitions of this notice from another one; Paystack's events bear no id of their own.
        reference: of the transaction, empty where the event is about none.
    """

    event: str
    key: str
    reference: str
    data: Mapping[str, Any]

    @property
    def is_hint(self) -> bool:
        """Tell whether equal notices may mean different things: two part refunds of one amount look the same."""
        return self.event.startswith(REFUND_PREFIX)


def is_signed(body: bytes, signature: str | None, *, key: str) -> bool:
    """Tell whether Paystack signed these very bytes: lower-case hex of their HMAC-SHA512 under the secret key."""
    own = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(own.encode(), (signature or "").encode("utf-8", "surrogateescape"))


def read_notice(document: Any) -> Notice | None:
    """Return the gist of a webhook's body, or None if it is no event."""
    if not isinstance(document, dict) or not isinstance(document.get("event"), str) or not document["event"]:
        return None
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    reference = _reference_of(data)
    return Notice(event=document["event"][:_LONGEST], key=_key_of(data, reference), reference=reference, data=data)


def _reference_of(data: Mapping[str, Any]) -> str:
    transaction = data.get("transaction")
    nested = transaction.get("reference") if isinstance(transaction, dict) else None
    found = data.get("transaction_reference") or data.get("reference") or nested or ""
    return str(found)[:_LONGEST]


def _key_of(data: Mapping[str, Any], reference: str) -> str:
    parts = (data.get("id") or reference, data.get("status"), data.get("refund_reference"), data.get("amount"))
    return ":".join(str(part) for part in parts if part not in {None, ""})[:_LONGEST]


def without_person(document: Any) -> dict[str, Any]:
    """Return a webhook's body with what names no person: an allowlist, since Paystack may add fields."""
    notice = read_notice(document)
    if notice is None:
        return {}
    kept = {name: notice.data[name] for name in _KEPT if _is_plain(notice.data.get(name))}
    if notice.reference and "reference" not in kept and "transaction_reference" not in kept:
        kept["transaction_reference"] = notice.reference
    return {"event": notice.event, "data": kept}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)
