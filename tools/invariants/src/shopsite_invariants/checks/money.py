"""Money: what arrived has bought something or went back, and all books say the same."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shopsite_common.money import from_minor
from shopsite_invariants.checks.check import NOT_WITHIN_REACH, Check, Finding, found
from shopsite_invariants.sources import Look

_BOUGHT = {"PROCESSING", "SHIPPED", "COMPLETED"}
_ENDED = {"CANCELLED", "REFUNDED"}
_ARRIVED = {"success", "reversed"}
_SETTLED = {"PAID", "DUPLICATE"}
_DUPLICATE = "duplicate_payment"
_GRACE = timedelta(minutes=2)
_COPIED_AS = {"PENDING": "STARTED", "NEEDS_ATTENTION": "STARTED", "PROCESSED": "PROCESSED", "FAILED": "FAILED"}
_PAYSTACKS_WORD = {"PROCESSED": "processed", "FAILED": "failed", "NEEDS_ATTENTION": "needs-attention"}
_UNDER_WAY = {"pending", "processing"}


def _total(refunds: Iterable[Any]) -> Decimal:
    return sum((refund.amount for refund in refunds), Decimal(0))


def _by(key: str, rows: Iterable[Any]) -> dict[Any, list[Any]]:
    grouped: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, key)].append(row)
    return grouped


def arrived(look: Look) -> Finding:
    """Look where each transaction's money has gone."""
    refunds = _by("attempt_id", look.refunds)
    paid = [attempt for attempt in look.attempts if attempt.state in _SETTLED]
    wrong = (
        (attempt.reference, _astray(attempt, look.orders.get(attempt.order_id), refunds[attempt.id]))
        for attempt in paid
    )
    return found(len(paid), ((reference, text) for reference, text in wrong if text))


def _astray(attempt: Any, order: Any, refunds: Sequence[Any]) -> str:
    """Say what is wrong with the money of an attempt, or nothing."""
    back = _total(refund for refund in refunds if refund.status != "FAILED")
    told = f"{attempt.paid_amount} {attempt.paid_currency} paid, {back} back or on its way"
    if order is None:
        return f"{told}: there is no order {attempt.order_id}"
    if back > attempt.paid_amount:
        return f"{told}: more than arrived"
    returned = back == attempt.paid_amount
    if attempt.state == "DUPLICATE" or order.status in _ENDED:
        return "" if returned else f"{told}: order {order.number} is {order.status}, attempt {attempt.state}"
    if order.status in _BOUGHT:
        fits = (attempt.paid_amount, attempt.paid_currency) == (order.total, order.currency)
        return "" if fits and order.bought else f"{told}: order {order.number} of {order.total} is {order.status}"
    return "" if order.held else f"{told}: order {order.number} is still {order.status}"


def bought(look: Look) -> Finding:
    """Look for the money of each order that was bought, and for what orders says went back."""
    paid = {attempt.order_id: attempt for attempt in look.attempts if attempt.state == "PAID"}
    refunds = _by("order_id", (refund for refund in look.refunds if refund.reason != _DUPLICATE))
    wrong = ((order.id, _unsound(order, paid.get(order.id), refunds[order.id])) for order in look.orders.values())
    return found(len(look.orders), ((order_id, text) for order_id, text in wrong if text))


def _unsound(order: Any, attempt: Any, refunds: Sequence[Any]) -> str:
    back = _total(refund for refund in refunds if refund.status == "PROCESSED")
    if order.bought and attempt is None:
        return f"order {order.number} was bought, and nothing was paid"
    if (order.status in _BOUGHT) != order.bought and order.status not in _ENDED:
        return f"order {order.number} is {order.status}, bought: {order.bought}"
    if order.refunded != back:
        return f"order {order.number}: {order.refunded} refunded, payments says {back}"
    whole = attempt is not None and back == attempt.paid_amount
    if order.status == "REFUNDED" and not whole:
        return f"order {order.number} is REFUNDED, and only {back} went back"
    if whole and order.status != "REFUNDED":
        return f"order {order.number} is {order.status}, and all of its money went back"
    return ""


def copies(look: Look) -> Finding:
    """Compare the refunds of payments with what orders knows of them."""
    known = {row.refund_id: row for row in look.rows("orders", "SELECT * FROM refunds")}
    wrong = []
    for refund in look.refunds:
        copy = known.pop(refund.id, None)
        told = (copy.amount, copy.state) if copy else None
        quiet = refund.reason == "external" and refund.status == "PENDING"  # nothing has been told of it yet
        if told != (refund.amount, _COPIED_AS[refund.status]) and not quiet:
            wrong.append((refund.id, f"payments: {refund.amount} {refund.status}, orders: {told}"))
    strays = ((each, "known to orders, and payments has no such refund") for each in known)
    return found(len(look.refunds), (*wrong, *strays))


def unsettled(look: Look) -> Finding:
    """Look for webhooks that nobody works on, and refunds that Paystack was never asked for."""
    webhooks = look.rows(
        "payments", "SELECT id, event, received_at, outcome, processed_at, now() AS now FROM raw_webhooks"
    )
    late = (
        (row.id, f"{row.event} of {row.received_at:%H:%M:%S} is not worked on: {row.outcome or 'never tried'}")
        for row in webhooks
        if row.processed_at is None and row.received_at + _GRACE < row.now
    )
    clock = look.rows("payments", "SELECT now() AS now")[0].now
    unasked = (
        (refund.id, f"refund of {refund.amount} {refund.currency} has not reached Paystack")
        for refund in look.refunds
        if refund.status == "PENDING" and refund.provider_id is None and refund.created_at + _GRACE < clock
    )
    return found(len(webhooks) + len(look.refunds), (*late, *unasked))


def simulator(look: Look) -> Finding:
    """Compare our ledger with the simulator's: transactions and refunds, amount by amount."""
    if look.transactions is None:
        return NOT_WITHIN_REACH
    theirs = {row["reference"]: row for row in look.transactions if row["status"] in _ARRIVED}
    ours = {attempt.reference: attempt for attempt in look.attempts if attempt.state in _SETTLED}
    refunds = _by("attempt_id", look.refunds)
    wrong = [
        *((each, f"{_said(theirs[each])} at Paystack, not paid here") for each in theirs.keys() - ours.keys()),
        *((each, f"{ours[each].paid_amount} here, not paid at Paystack") for each in ours.keys() - theirs.keys()),
    ]
    for reference in theirs.keys() & ours.keys():
        attempt = ours[reference]
        wrong += ((reference, text) for text in _disagreements(theirs[reference], attempt, refunds[attempt.id]))
    return found(len(theirs), wrong)


def _said(row: dict[str, Any]) -> str:
    return f"{from_minor(row['amount'])} {row['currency']}"


def _disagreements(theirs: dict[str, Any], attempt: Any, refunds: Sequence[Any]) -> Iterator[str]:
    here = f"{attempt.paid_amount} {attempt.paid_currency}"
    if _said(theirs) != here:
        yield f"{_said(theirs)} at Paystack, {here} here"
    known = {refund.provider_id: refund for refund in refunds if refund.provider_id is not None}
    for told in theirs["refunds"]:
        refund = known.pop(told["id"], None)
        if refund is None:
            yield f"refund {told['id']} of {from_minor(told['amount'])} at Paystack is unknown here"
        elif (from_minor(told["amount"]), told["status"]) != (refund.amount, _told_as(refund, told["status"])):
            yield f"refund {told['id']}: {told['amount']} {told['status']}, here {refund.amount} {refund.status}"
    for number in known:
        yield f"refund {number} here is unknown at Paystack"


def _told_as(refund: Any, status: str) -> str:
    """Return the status that Paystack should have; one that is under way has two names there."""
    return _PAYSTACKS_WORD.get(refund.status) or (status if status in _UNDER_WAY else "pending")


CHECKS = (
    Check("money-arrived", "what arrived has bought its order, is held for it, or goes back whole", arrived),
    Check("money-bought", "each order that was bought is paid to the last digit, and knows what went back", bought),
    Check("money-refunds", "orders and payments know the same refunds", copies),
    Check("money-unsettled", "no webhook lies unread, no refund unasked for", unsettled),
    Check("money-paystack", "our ledger is Paystack's: transactions and refunds", simulator),
)
