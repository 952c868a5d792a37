"""Keep the copy of who can be written to."""

from uuid import UUID

from sqlmodel import Session

from shopsite_common.events import CustomerRegistered, CustomerUpdated
from shopsite_notifications import repository


def keep_recipient(session: Session, *, customer: CustomerRegistered | CustomerUpdated, sequence: int) -> None:
    """Write an account's state, unless a newer one is known or the account was erased."""
    values = {
        "customer_id": customer.customer_id,
        "email": customer.email,
        "first_name": customer.first_name,
        "role": customer.role,
        "is_active": customer.is_active,
        "order_emails": customer.preferences.order_emails,
        "marketing_emails": customer.preferences.marketing_emails,
        "erased": False,
        "sequence": sequence,
    }
    repository.upsert_recipient(session, values)


def erase_recipient(session: Session, *, customer_id: UUID, sequence: int) -> None:
    """Forget an account: its address in the log, its mails that are not sent, and whatever older event comes later."""
    repository.erase_recipient(session, customer_id=customer_id, sequence=sequence)
