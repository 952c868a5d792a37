"""The mail log: what was sent to whom, the mail as it looks, and sending it again."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit

router = APIRouter()
LIST = "/admin/notifications/"
_API = "/api/admin/notifications/"
# a mail's looks are in its style attributes; nothing in it may run, load or send
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


@router.get(LIST)
async def show_notifications(visit: AdminVisit) -> Response:
    """List the mails."""
    return visit.page("notifications.html", listing=await list_of(visit, _API, ("kind", "status", "to")))


@router.get("/admin/notifications/{mail_id}/")
async def show_notification(visit: AdminVisit, mail_id: str) -> Response:
    """Show one mail and how it fared."""
    return visit.page("notification.html", mail=await visit.api.get(f"{_API}{mail_id}/"))


@router.get("/admin/notifications/{mail_id}/mail/")
async def show_mail(visit: AdminVisit, mail_id: str) -> Response:
    """Show the mail as its reader sees it."""
    mail = await visit.api.get(f"{_API}{mail_id}/")
    headers = {"Content-Security-Policy": _MAIL_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(mail["html"] or "", headers=headers)


@router.post("/admin/notifications/{mail_id}/resend/")
async def resend(visit: AdminVisit, mail_id: str) -> Response:
    """Send it once more."""
    done = "The mail is on its way again."
    return await visit.attempt("POST", f"{_API}{mail_id}/resend/", to=f"{LIST}{mail_id}/", done=done)
