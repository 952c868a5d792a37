"""Mails: one for each event and recipient, and each of them arrived."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from shopsite_invariants.checks.check import NOT_WITHIN_REACH, Check, Finding, found
from shopsite_invariants.sources import Look

_KINDS = {
    ("identity", "CustomerRegistered.v1"): "welcome",
    ("orders", "OrderCreated.v1"): "order_confirmation",
    ("orders", "OrderPaid.v1"): "payment_confirmation",
    ("orders", "OrderShipped.v1"): "shipping",
    ("orders", "OrderCancelled.v1"): "cancellation",
    ("payments", "PaymentRefunded.v1"): "refund",
}
_ONCE_AN_ORDER = "cancellation"  # it is announced again when money comes late
_MAY_BE_UNWANTED = "shipping"
_GRACE = timedelta(minutes=2)


def queued(look: Look) -> Finding:
    """Look for the mail of each event that makes one."""
    mails = look.rows("notifications", "SELECT source_event_id, kind, customer_id, order_id FROM emails")
    written = {(mail.source_event_id, mail.kind, mail.customer_id) for mail in mails}
    cancelled = {mail.order_id for mail in mails if mail.kind == _ONCE_AN_ORDER}
    unwilling = _unwilling(look)
    expected = list(_expected(look))
    wrong = (
        (event.event_id, f"no mail of the kind {kind} to {event.customer_id}")
        for event, kind in expected
        if (event.event_id, kind, event.customer_id) not in written
        and not (kind == _ONCE_AN_ORDER and event.order_id in cancelled)
        and (event.customer_id, kind) not in unwilling
    )
    return found(len(expected), wrong)


def _expected(look: Look) -> Iterator[tuple[Any, str]]:
    for (service, event), kind in _KINDS.items():
        statement = f"""
            SELECT event_id, CAST(data ->> 'customer_id' AS uuid) AS customer_id,
                   CAST(data ->> 'order_id' AS uuid) AS order_id
            FROM outbox WHERE sent_at IS NOT NULL AND type = '{event}'
        """  # noqa: S608 - a name of this module
        for row in look.rows(service, statement):
            yield row, kind


def _unwilling(look: Look) -> set[tuple[str, str]]:
    rows = look.rows("notifications", "SELECT customer_id, erased, order_emails FROM recipients")
    erased = {(row.customer_id, kind) for row in rows if row.erased for kind in _KINDS.values()}
    return erased | {(row.customer_id, _MAY_BE_UNWANTED) for row in rows if not row.order_emails}


def sent(look: Look) -> Finding:
    """Look for mails that wait too long, or were given up."""
    rows = look.rows("notifications", "SELECT *, now() AS now FROM emails")
    stuck = (
        (mail.id, f"{mail.kind} is {mail.status} after {mail.attempts} attempts: {mail.error or '-'}")
        for mail in rows
        if mail.status == "FAILED" or (mail.status == "PENDING" and mail.queued_at + _GRACE < mail.now)
    )
    return found(len(rows), stuck)


def arrived(look: Look) -> Finding:
    """Compare the mails that were sent with those that the catcher has.

    A mail server may have taken a mail whose sender died before it could write that down. It is sent again then, under
    the same Message-ID, by which mailboxes show it once; that is counted, and no difference.
    """
    if look.mails is None:
        return NOT_WITHIN_REACH
    there = Counter(mail["MessageID"].strip("<>") for mail in look.mails)
    rows = look.rows("notifications", "SELECT id, kind, message_id FROM emails WHERE status = 'SENT'")
    ours = {mail.id for mail in rows}
    wrong = (
        *((mail.id, f"{mail.kind} was sent and has not arrived") for mail in rows if not there[_bare(mail.message_id)]),
        *((key, "arrived, and was never written down as sent") for key in there if key.partition(".")[0] not in ours),
    )
    repeats = there.total() - len(there)
    return found(len(rows), wrong, f"{repeats} sent again under the same Message-ID" if repeats else "")


def _bare(message_id: str | None) -> str:
    """A Message-ID is ``<the mail's id.how often it was resent@domain>``."""
    return (message_id or "").strip("<>")


CHECKS = (
    Check("mails-queued", "each event that makes a mail has made one", queued),
    Check("mails-sent", "no mail waits for long or was given up", sent),
    Check("mails-arrived", "each mail that was sent has arrived, and no other", arrived),
)
