"""What identity hears from others. One table; the handlers only hand on."""

from sqlmodel import Session

from shopsite_common.events import AdminActed, Event
from shopsite_common.topology import Subscription
from shopsite_identity.service import audit


def on_admin_acted(session: Session, event: Event[AdminActed]) -> None:
    """Staff or an admin did something, in whatever service."""
    audit.record_deed(session, deed=event.data, service=event.source.strip("/"))


HANDLERS = (Subscription("identity", on_admin_acted, (AdminActed,)),)
