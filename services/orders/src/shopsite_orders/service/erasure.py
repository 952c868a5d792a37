"""Erasing a person: orders stay, who and where goes."""

from uuid import UUID

from sqlmodel import Session

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_orders.domain import standing as rules
from shopsite_orders.domain.standing import FINAL, UNPAID, Reason, Status
from shopsite_orders.repository import placing
from shopsite_orders.repository import standing as repository
from shopsite_orders.service.recording import SYSTEM, Occasion, apply_change, erase_person, standing_of


def erase_customer(session: Session, *, customer_id: UUID) -> None:
    """Anonymise a customer's final orders at once, the others when they are final; nobody will pay the unpaid ones."""
    now = utcnow()
    placing.lock_customer(session, customer_id)
    placing.note_erased(session, customer_id=customer_id, now=now)
    for order in repository.take_of_customer(session, customer_id):
        if Status(order.status) in FINAL:
            erase_person(order)
            continue
        order.erase_when_final = True
        if Status(order.status) in UNPAID:
            change = rules.cancel(standing_of(order), reason=Reason.ACCOUNT_DELETED)
            apply_change(session, order, change, Occasion(SYSTEM, now))
    idempotency.forget_customer(session, customer_id=customer_id)
