"""What the other parts ask identity."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Depends

from shopsite_common.auth import called_by
from shopsite_common.clock import utcnow
from shopsite_identity.deps import Own
from shopsite_identity.deps.issuer import SESSION_TOKEN_TERM
from shopsite_identity.schemas.credentials import ExchangedSession, ResetLinkOut, RevocationsOut, SessionExchange
from shopsite_identity.service import passwords, sessions, signing_in

router = APIRouter(include_in_schema=False)

# a token lives for 15 minutes; the minute more is for clocks that differ
_MARGIN = timedelta(minutes=1)


@router.get("/internal/revocations/", dependencies=[Depends(called_by("authz"))])
async def get_revocations(resources: Own) -> RevocationsOut:
    """Return which accounts' older tokens count no more."""
    since = utcnow() - resources.settings.access_token_term - _MARGIN
    return RevocationsOut(revocations=await resources.db.run(signing_in.list_revocations, since=since))


@router.post("/internal/sessions/exchange/", dependencies=[Depends(called_by("authz"))])
async def exchange_session(body: SessionExchange, resources: Own) -> ExchangedSession:
    """Give a short access token for a session's cookie."""
    idle = resources.settings.session_idle_term
    account = await resources.db.run(sessions.get_session_holder, cookie=body.session, idle=idle, now=utcnow())
    return ExchangedSession(
        access=await resources.issuer.access_token(account, term=SESSION_TOKEN_TERM),
        csrf_token=resources.keyring.csrf_token(body.session),
        expires_in=int(SESSION_TOKEN_TERM.total_seconds()),
    )


@router.post("/internal/password-resets/{reset_id}/link/", dependencies=[Depends(called_by("notifications"))])
async def make_reset_link(reset_id: UUID, resources: Own) -> ResetLinkOut:
    """Make the link of a mail that is being sent. Asked again, the link is the same."""
    link = await resources.db.run(passwords.make_reset_link, reset_id=reset_id, keyring=resources.keyring, now=utcnow())
    return ResetLinkOut(
        email=link.email,
        first_name=link.first_name,
        link_path=f"/reset-password?token={link.token}",
        expires_at=link.expires_at,
    )
