"""Whom notifications talks to: the mail server, identity for reset links, orders for an order's number."""

from shopsite_notifications.clients.services import HttpIdentity, HttpOrders, Identity, Orders, ResetLink
from shopsite_notifications.clients.smtp import MailConnection, MailRefused, MailServer, MailServerDown, SmtpServer

__all__ = [
    "HttpIdentity",
    "HttpOrders",
    "Identity",
    "MailConnection",
    "MailRefused",
    "MailServer",
    "MailServerDown",
    "Orders",
    "ResetLink",
    "SmtpServer",
]
