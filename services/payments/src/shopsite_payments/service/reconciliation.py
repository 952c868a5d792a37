"""Comparing our ledger with Paystack's list: every difference is named and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from shopsite_payments.domain.payments import Verification
from shopsite_payments.repository import reconciliation as repository
from shopsite_payments.repository.reconciliation import LedgerLine


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which Paystack's list and our ledger are not at one.

    Attributes:
        kind: ``unknown_here`` (their money, no attempt of ours), ``unpaid_here`` (their success, which we had not
            settled; ``mended`` tells whether we have now), ``amount`` (another sum or currency), ``unpaid_there``
            (our money, which their list doesn't have).
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


def begin_run(session: Session, *, since: datetime, now: datetime, pause: timedelta) -> UUID | None:
    """Note that a comparison begins; None if there was one within the pause."""
    return repository.begin_run(session, since=since, now=now, pause=pause)


def finish_run(
    session: Session, *, run_id: UUID, compared: int, differences: Sequence[Difference], now: datetime
) -> None:
    """Keep what a comparison found."""
    found = [asdict(difference) for difference in differences]
    repository.finish_run(session, run_id, compared=compared, differences=found, now=now)
