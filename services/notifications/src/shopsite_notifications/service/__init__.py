"""Use cases of notifications: one function, one transaction. ``rendering`` makes a mail's content."""

from shopsite_notifications.service.log import get_email, list_emails, resend_email, retry_failed
from shopsite_notifications.service.queueing import alert_admins, queue_email
from shopsite_notifications.service.recipients import erase_recipient, keep_recipient
from shopsite_notifications.service.rendering import Content, Renderer
from shopsite_notifications.service.sending import (
    DueEmail,
    claim_emails,
    drop_undeliverable,
    list_forgotten,
    measure_emails,
    record_failure,
    record_outage,
    record_sent,
    release_emails,
)

__all__ = [
    "Content",
    "DueEmail",
    "Renderer",
    "alert_admins",
    "claim_emails",
    "drop_undeliverable",
    "erase_recipient",
    "get_email",
    "keep_recipient",
    "list_emails",
    "list_forgotten",
    "measure_emails",
    "queue_email",
    "record_failure",
    "record_outage",
    "record_sent",
    "release_emails",
    "resend_email",
    "retry_failed",
]
