"""What other services did around an order, for its timeline."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from shopsite_orders.repository import standing as repository
from shopsite_orders.service.recording import Actor, Occasion, write_entry

_NOTIFICATIONS = Actor("notifications")


def note_mail(session: Session, *, order_id: UUID | None, kind: str, sent: bool, at: datetime) -> None:
    """Write down that a mail about an order went out, or could not; a mail about something else is no matter here."""
    order = repository.find_order(session, order_id) if order_id is not None else None
    if order is None:
        return
    name, text = ("mail_sent", "E-mail sent") if sent else ("mail_failed", "E-mail could not be sent")
    occasion = Occasion(_NOTIFICATIONS, at, {"mail": kind})
    write_entry(session, order, kind=name, text=f"{text}: {kind.replace('_', ' ')}", occasion=occasion, public=sent)
