"""Make the letter for a due mail: what is missing is asked for, then it is rendered and put into its envelope."""

import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from uuid import UUID

from shopsite_notifications.deps import NotificationsResources
from shopsite_notifications.service import Content, DueEmail


class NothingToSend(Exception):
    """The mail has lost its point, or can't be written for good."""


@dataclass(frozen=True)
class Letter:
    """A mail ready to hand over."""

    to: str
    message: EmailMessage


async def write_letter(resources: NotificationsResources, due: DueEmail, *, now: datetime) -> Letter:
    """Return the letter of a due mail.

    Raises:
        NothingToSend: it can never be sent.
        Unavailable: a service that has to be asked does not answer.
    """
    if due.kind == "password_reset":
        address, content = await _reset(resources, due)
    else:
        address, content = due.address or "", await _other(resources, due)
    try:
        to = with_ascii_domain(address)
        return Letter(to, envelope(due, content, sender=resources.own_settings.sender, to=to, now=now))
    except (
        MessageError,
        ValueError,
        IndexError,
    ) as error:  # the standard library raises any of them for an odd address
        raise NothingToSend("The address is not a valid one.") from error


def envelope(due: DueEmail, content: Content, *, sender: Address, to: str, now: datetime) -> EmailMessage:
    """Return the message with its headers, the plain text first and HTML as the better choice.

    Raises:
        ValueError: a header would not be one line, or the address is none.
    """
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = due.subject
    message["Date"] = now
    message["Message-ID"] = due.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content.text, cte="quoted-printable")
    message.add_alternative(content.html, subtype="html", cte="quoted-printable")
    return message


def with_ascii_domain(address: str) -> str:
    """Return the address with its domain as the domain name system writes it, so that any mail server can take it.

    Raises:
        ValueError: it is no domain.
    """
    local, at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}{at}{domain.encode('idna').decode()}"


async def _reset(resources: NotificationsResources, due: DueEmail) -> tuple[str, Content]:
    link = await resources.identity.reset_link(UUID(due.context["reset_id"]))
    if link is None:
        raise NothingToSend("The reset was used or has expired.")
    url = resources.own_settings.link_origin + link.link_path
    content = resources.renderer.render(
        due.kind, subject=due.subject, context=due.context, first_name=link.first_name, link=url
    )
    return link.email, content


async def _other(resources: NotificationsResources, due: DueEmail) -> Content:
    context = due.context
    if due.order_id is not None and "number" not in context:
        context = {**context, "number": await resources.orders.order_number(due.order_id) or ""}
    return resources.renderer.render(due.kind, subject=due.subject, context=context, first_name=due.first_name)
