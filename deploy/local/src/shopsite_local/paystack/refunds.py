"""The way of a refund: pending, processing, and the end that its card decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopsite_local.paystack import bodies, domain, errors, payments, repository, webhooks
from shopsite_local.paystack.models import Refund, Transaction
from shopsite_local.paystack.simulator import Simulator
from shopsite_local.paystack.store import unit

UNPROCESSABLE = 422


@dataclass(frozen=True, kw_only=True)
class RefundWanted:
    """What a refund was asked for with; no amount means all that is left."""

    amount: int | None = None
    customer_note: str | None = None
    merchant_note: str | None = None
    refunded_by: str = "api@simulator.example"
    ending: str | None = None


def wanted(body: Mapping[str, Any], **given: Any) -> RefundWanted:
    """Reads the body of a refund; raises `errors.Refused` on a bad amount."""
    amount = body.get("amount")
    return RefundWanted(
        amount=None if domain.is_missing(amount) else domain.subunits(amount),
        customer_note=body.get("customer_note"),
        merchant_note=body.get("merchant_note"),
        **given,
    )


def request(simulator: Simulator, transaction: Transaction, asked: RefundWanted) -> Refund:
    """Creates a refund, pending, and announces it; raises `errors.Refused` when there is less left."""
    with unit(simulator.db):
        amount = _checked_amount(simulator, payments.reload(simulator, transaction), asked.amount)
        refund_id = repository.insert(simulator.db, "refunds", _row(simulator, transaction, asked, amount))
        refund = get(simulator, refund_id)
        _announce(simulator, refund, transaction)
    return refund


def _checked_amount(simulator: Simulator, transaction: Transaction, asked: int | None) -> int:
    if not transaction.is_paid:
        raise errors.not_paid()
    left = left_of(simulator, transaction)
    if left <= 0:
        raise errors.fully_reversed()
    if asked is not None and asked > left:
        raise errors.refund_too_big()
    return asked or left


def left_of(simulator: Simulator, transaction: Transaction) -> int:
    """Returns what can still be refunded, in subunits."""
    others = repository.list_refunds(simulator.db, {"transaction_id = ?": transaction.id})
    paid = transaction.reported_amount
    return domain.refundable(paid=paid, refunds=[(each.amount, each.status) for each in others])


def _row(simulator: Simulator, transaction: Transaction, asked: RefundWanted, amount: int) -> dict[str, Any]:
    card = domain.CARDS.get(transaction.card or "", domain.DEFAULT_CARD)
    now = simulator.now()
    return {
        "transaction_id": transaction.id,
        "amount": amount,
        "currency": transaction.reported_currency,
        "status": "pending",
        "ending": asked.ending or card.refund_ending,
        "customer_note": asked.customer_note or f"Refund for transaction {transaction.reference}",
        "merchant_note": asked.merchant_note or f"Refund for transaction {transaction.reference}",
        "refunded_by": asked.refunded_by,
        "created_at": now,
        "updated_at": now,
        "next_at": now + _step(simulator, transaction.reference),
    }


def _step(simulator: Simulator, reference: str) -> float:
    return simulator.behaviour(reference).refund_seconds / 2


def advance(simulator: Simulator) -> None:
    """Moves every refund that is due to its next state, announcing each."""
    due = repository.list_refunds(simulator.db, {"next_at <= ?": simulator.now()})
    for refund in reversed(due):
        with unit(simulator.db):
            _advance_one(simulator, refund)


def _advance_one(simulator: Simulator, refund: Refund) -> None:
    transaction = payments.get_by_id(simulator, refund.transaction_id)
    status = domain.next_refund_status(refund.status, refund.ending)
    next_at = simulator.now() + _step(simulator, transaction.reference) if status == "processing" else None
    repository.update(simulator.db, "refunds", refund.id, status=status, next_at=next_at, updated_at=simulator.now())
    if status == "processed":
        _mark_reversed(simulator, transaction)
    _announce(simulator, get(simulator, refund.id), payments.reload(simulator, transaction))


def _mark_reversed(simulator: Simulator, transaction: Transaction) -> None:
    """Verify says `reversed` once all is back; after a part it stays `success` (nobody documents it)."""
    processed = repository.list_refunds(simulator.db, {"transaction_id = ?": transaction.id, "status = ?": "processed"})
    if sum(refund.amount for refund in processed) >= transaction.reported_amount:
        repository.update(simulator.db, "transactions", transaction.id, status="reversed")


def retry(simulator: Simulator, refund_id: int) -> Refund:
    """Sends a refund that needs attention on its way again; raises `errors.Refused` for any other."""
    refund = get(simulator, refund_id)
    if refund.status != "needs-attention":
        raise errors.Refused("Refund is not in needs-attention state", status=UNPROCESSABLE)
    transaction = payments.get_by_id(simulator, refund.transaction_id)
    now = simulator.now()
    changes = {"status": "processing", "ending": "processed", "updated_at": now}
    with unit(simulator.db):
        next_at = now + _step(simulator, transaction.reference)
        repository.update(simulator.db, "refunds", refund.id, next_at=next_at, **changes)
        _announce(simulator, get(simulator, refund_id), transaction)
    return get(simulator, refund_id)


def get(simulator: Simulator, refund_id: int) -> Refund:
    """Returns a refund; raises `errors.Refused` when there is none."""
    refund = repository.find_refund(simulator.db, refund_id)
    if not refund:
        raise errors.not_found("Refund")
    return refund


def _announce(simulator: Simulator, refund: Refund, transaction: Transaction) -> None:
    behaviour = simulator.behaviour(transaction.reference)
    is_early = behaviour.out_of_order and refund.status in domain.NEXT_STATUS
    late_by = behaviour.refund_seconds + 0.5 if is_early else 0
    data = bodies.refund_event(refund, transaction, behaviour)
    webhooks.announce(simulator, f"refund.{refund.status}", transaction.reference, data, late_by=late_by)
