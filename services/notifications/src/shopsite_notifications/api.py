"""The mail log, for admins."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from shopsite_common.auth import AdminUser, admin_user
from shopsite_common.clock import utcnow
from shopsite_common.errors import Forbidden, NotAuthenticated, NotFound, ValidationFailed
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_notifications import service
from shopsite_notifications.deps import Own
from shopsite_notifications.domain import Kind, Status
from shopsite_notifications.errors import EmailNotFound, RecipientErased, ResetNeverResent
from shopsite_notifications.models import Email
from shopsite_notifications.schemas import EmailDetail, EmailOut

router = APIRouter(tags=["Notifications"])

_ADMINS_ONLY = (NotAuthenticated, Forbidden)
_Part = Annotated[str | None, Query(max_length=320, description="Any part of the address, without regard to case")]


@router.get(
    "/api/admin/notifications/",
    operation_id="list_notifications",
    dependencies=[Depends(admin_user)],
    responses=documented(ValidationFailed, *_ADMINS_ONLY, NotFound),
)
async def list_notifications(
    request: Request,
    own: Own,
    paging: Paging,
    kind: Kind | None = None,
    status: Status | None = None,
    to: _Part = None,
) -> Page[EmailOut]:
    """List every e-mail, sent or to send, newest first."""
    count, rows = await own.db.run(service.list_emails, kind=kind, status=status, to=to, paging=paging)
    return page_of(
        request,
        paging,
        count,
        [
            EmailOut(
                id=row.id,
                kind=row.kind,
                to=row.address,
                subject=row.subject,
                status=row.status,
                attempts=row.attempts,
                sent_at=row.sent_at,
                created_at=row.created_at,
            )
            for row in rows
        ],
    )


@router.get(
    "/api/admin/notifications/{notification_id}/",
    operation_id="get_notification",
    include_in_schema=False,  # the contract does not list it, so it is not on the gateway either
    dependencies=[Depends(admin_user)],
    responses=documented(*_ADMINS_ONLY, EmailNotFound),
)
async def get_notification(notification_id: UUID, own: Own) -> EmailDetail:
    """Show one e-mail with its content. A password reset's content is not shown: its link is nobody else's."""
    email, first_name = await own.db.run(service.get_email, email_id=notification_id)
    return _detail(own, email, first_name)


@router.post(
    "/api/admin/notifications/{notification_id}/resend/",
    operation_id="resend_notification",
    status_code=202,
    responses=documented(*_ADMINS_ONLY, EmailNotFound, ResetNeverResent, RecipientErased),
)
async def resend_notification(notification_id: UUID, user: AdminUser, own: Own) -> EmailDetail:
    """Send an e-mail once more, to the recipient's current address. One that still waits is tried at once."""
    await own.db.run(service.resend_email, email_id=notification_id, actor_id=user.id, now=utcnow())
    email, first_name = await own.db.run(service.get_email, email_id=notification_id)
    return _detail(own, email, first_name)


def _detail(own: Own, email: Email, first_name: str) -> EmailDetail:
    content, kind = None, cast("Kind", email.kind)
    if kind != "password_reset":
        content = own.renderer.render(kind, subject=email.subject, context=email.context, first_name=first_name)
    return EmailDetail(
        id=email.id,
        kind=kind,
        to=email.address,
        subject=email.subject,
        status=email.status,
        attempts=email.attempts,
        sent_at=email.sent_at,
        created_at=email.created_at,
        customer=email.customer_id,
        order=email.order_id,
        message_id=email.message_id,
        error=email.error,
        html=content.html if content else None,
        text=content.text if content else None,
    )
