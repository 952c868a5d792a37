"""Comparing our ledger with Paystack's list: every difference is named and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from shopsite_payments.domain.payments import ProviderRefund, Verification
from shopsite_payments.repository import reconciliation as repository
from shopsite_payments.repository.reconciliation import LedgerLine, RefundLine


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which Paystack's list and our ledger are not at one.

    Attributes:
        kind: ``unknown_here`` (their money, no attempt of ours), ``unpaid_here`` (their success, which we had not
            settled; ``mended`` tells whether we have now), ``amount`` (another sum or currency), ``unpaid_there``
            (our money, which their list doesn't have), ``external_refund`` (made in their dashboard, and taken in now),
            ``refund_missing_there`` and ``refund`` (a refund of ours that they don't know, or know otherwise).
    """

    kind: str
    reference: str
    theirs: str = ""
    ours: str = ""
    mended: bool = False


def find_lines(session: Session, *, references: Sequence[str]) -> dict[str, LedgerLine]:
    """Return our lines of these transactions."""
    return repository.find_lines(session, references)


def list_paid_since(session: Session, *, since: datetime, until: datetime) -> list[LedgerLine]:
    """Return the attempts begun in this time whose money we count."""
    return repository.list_paid_since(session, since=since, until=until)


def compare(theirs: Verification, ours: LedgerLine | None) -> Difference | None:
    """Return in what a paid transaction of their list differs from our line of it."""
    told = f"{theirs.amount:.2f} {theirs.currency}"
    if ours is None:
        return Difference(kind="unknown_here", reference=theirs.reference, theirs=told)
    if not ours.state.settled:
        return Difference(kind="unpaid_here", reference=theirs.reference, theirs=told, ours=ours.state.value)
    kept = f"{ours.paid_amount:.2f} {ours.paid_currency}"
    return None if kept == told else Difference(kind="amount", reference=theirs.reference, theirs=told, ours=kept)


def missing_there(paid: Sequence[LedgerLine], theirs: Mapping[str, Verification]) -> list[Difference]:
    """Return our paid attempts that their list doesn't have."""
    return [
        Difference(kind="unpaid_there", reference=line.reference, ours=f"{line.paid_amount:.2f} {line.paid_currency}")
        for line in paid
        if line.reference not in theirs
    ]


def list_refunded_since(session: Session, *, since: datetime, until: datetime) -> set[str]:
    """Return the references of transactions of which we began to refund something in this time."""
    return repository.list_refunded_since(session, since=since, until=until)


def list_refund_lines(session: Session, *, reference: str) -> list[RefundLine]:
    """Return the refunds of a transaction that Paystack has numbered, as we have them."""
    return repository.list_refund_lines(session, reference)


def compare_refunds(reference: str, ours: Sequence[RefundLine], theirs: Sequence[ProviderRefund]) -> list[Difference]:
    """Return in what our refunds of a transaction differ from Paystack's."""
    told = {refund.refund_id: f"{refund.amount:.2f} {refund.currency} {refund.status}" for refund in theirs}
    found = []
    for line in ours:
        kept = f"{line.amount:.2f} {line.currency} {line.status}"
        if line.provider_id not in told:
            found.append(Difference(kind="refund_missing_there", reference=reference, ours=kept))
        elif told[line.provider_id] != kept:
            found.append(Difference(kind="refund", reference=reference, theirs=told[line.provider_id], ours=kept))
    return found


def begin_run(session: Session, *, since: datetime, now: datetime, pause: timedelta) -> UUID | None:
    """Note that a comparison begins; None if there was one within the pause."""
    return repository.begin_run(session, since=since, now=now, pause=pause)


def finish_run(
    session: Session, *, run_id: UUID, compared: int, differences: Sequence[Difference], now: datetime
) -> None:
    """Keep what a comparison found."""
    found = [asdict(difference) for difference in differences]
    repository.finish_run(session, run_id, compared=compared, differences=found, now=now)
