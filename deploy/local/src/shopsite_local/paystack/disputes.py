"""A customer's bank asks for the money back."""

from shopsite_local.paystack import bodies, domain, errors, payments, refunds, repository, webhooks
from shopsite_local.paystack.models import Dispute, Transaction
from shopsite_local.paystack.simulator import Simulator
from shopsite_local.paystack.store import unit

ACCEPTED = frozenset({"merchant-accepted", "auto-accepted"})
RESOLUTIONS = (*sorted(ACCEPTED), "declined")


def open_dispute(simulator: Simulator, transaction: Transaction, *, amount: int | None, reason: str) -> Dispute:
    """Opens a dispute over all or a part of what was paid and announces it; raises `errors.Refused`."""
    if not transaction.is_paid:
        raise errors.not_paid()
    now = simulator.now()
    row = {
        "transaction_id": transaction.id,
        "amount": amount or transaction.reported_amount,
        "reason": reason,
        "status": "awaiting-merchant-feedback",
        "created_at": now,
        "updated_at": now,
    }
    with unit(simulator.db):
        dispute = get(simulator, repository.insert(simulator.db, "disputes", row))
        _announce(simulator, dispute, "create")
    return dispute


def remind(simulator: Simulator, dispute_id: int) -> Dispute:
    """Announces an open dispute again, as Paystack does before it is due."""
    dispute = get(simulator, dispute_id)
    with unit(simulator.db):
        _announce(simulator, dispute, "remind")
    return dispute


def resolve(simulator: Simulator, dispute_id: int, *, resolution: str) -> Dispute:
    """Ends a dispute: an accepted one takes the money back, a declined one leaves it."""
    if resolution not in RESOLUTIONS:
        raise errors.invalid_params(f"resolution is one of {', '.join(RESOLUTIONS)}")
    dispute, now = get(simulator, dispute_id), simulator.now()
    ended = {"status": "resolved", "resolution": resolution, "updated_at": now, "resolved_at": now}
    with unit(simulator.db):
        repository.update(simulator.db, "disputes", dispute_id, **ended)
        if resolution in ACCEPTED and not dispute.resolved_at:
            _take_back(simulator, dispute)
        _announce(simulator, get(simulator, dispute_id), "resolve")
    return get(simulator, dispute_id)


def _take_back(simulator: Simulator, dispute: Dispute) -> None:
    transaction = payments.get_by_id(simulator, dispute.transaction_id)
    amount = min(dispute.amount, refunds.left_of(simulator, transaction))
    if amount > 0:
        asked = refunds.RefundWanted(amount=amount, refunded_by="disputes@simulator.example", ending="processed")
        refunds.request(simulator, transaction, asked)


def get(simulator: Simulator, dispute_id: int) -> Dispute:
    """Returns a dispute; raises `errors.Refused` when there is none."""
    found = repository.list_disputes(simulator.db, {"id = ?": dispute_id})
    if not found:
        raise errors.not_found("Dispute")
    return found[0]


def _announce(simulator: Simulator, dispute: Dispute, what: str) -> None:
    transaction = payments.get_by_id(simulator, dispute.transaction_id)
    data = bodies.dispute_data(dispute, transaction, simulator.behaviour(transaction.reference))
    webhooks.announce(simulator, f"charge.dispute.{what}", transaction.reference, data)


def summary(simulator: Simulator, dispute: Dispute) -> dict[str, object]:
    """What the simulator's own list shows of a dispute."""
    return {
        "id": dispute.id,
        "reference": payments.get_by_id(simulator, dispute.transaction_id).reference,
        "amount": dispute.amount,
        "status": dispute.status,
        "resolution": dispute.resolution,
        "created_at": domain.iso(dispute.created_at),
    }
