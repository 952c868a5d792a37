"""Puts the mail catcher together."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shopsite_local.mail import api, pages, smtp
from shopsite_local.mail.store import CAPACITY, Mailbox
from shopsite_local.serving import healthy


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where mails come in and are kept; port 0 takes a free one."""

    state_dir: Path
    smtp_host: str
    smtp_port: int
    capacity: int = CAPACITY


async def _ok(_request: Request) -> Response:
    return PlainTextResponse("ok")


HEALTH = [
    Route("/health/live", healthy),
    Route("/health/ready", healthy),
    # Mailpit's own names.
    Route("/livez", _ok),
    Route("/readyz", _ok),
]


def create_app(options: Options) -> Starlette:
    """Builds the ASGI application; SMTP listens as long as it runs."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        mailbox = Mailbox(options.state_dir / "mail.sqlite3", capacity=options.capacity)
        catcher = smtp.Catcher(mailbox)
        server = await smtp.listen(catcher, host=options.smtp_host, port=options.smtp_port)
        app.state.mailbox, app.state.catcher = mailbox, catcher
        app.state.smtp_port = server.sockets[0].getsockname()[1]
        yield
        server.close()
        mailbox.close()

    return Starlette(
        routes=[*HEALTH, *api.ROUTES, *pages.ROUTES],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


async def _http_error(_request: Request, error: Exception) -> Response:
    """Answers as Mailpit does: in plain words."""
    if isinstance(error, HTTPException):
        return PlainTextResponse(error.detail, status_code=error.status_code)
    return PlainTextResponse("error", status_code=500)
