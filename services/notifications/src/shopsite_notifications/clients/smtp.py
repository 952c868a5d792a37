"""The mail server over SMTP, and what its answers mean.

Three things are told apart: the server is not there or not willing to talk to us at all (:class:`MailServerDown`, no
mail's own fault), it refuses this mail for now, or for good (:class:`MailRefused`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.message import EmailMessage
from typing import Final, Protocol

import aiosmtplib

from shopsite_common import telemetry

_PERMANENT: Final = 500
_GOODBYE_SECONDS: Final = 2.0
_ABOUT_US: Final = frozenset({421, 454, 530, 534, 535, 538})
"""Replies about the connection or our sign-in, whatever command they answer."""


class MailServerDown(Exception):
    """No mail can be sent now."""


class MailRefused(Exception):
    """This mail is not taken; ``permanent`` tells whether trying again is of use."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class MailConnection(Protocol):
    """An open connection."""

    async def send(self, message: EmailMessage, *, to: str) -> None:
        """Hand over one mail.

        Raises:
            MailServerDown: the connection is of no use any more.
            MailRefused: this mail is not taken; the next one may be.
        """
        ...


class MailServer(Protocol):
    """Where mails are handed over."""

    def connection(self) -> AbstractAsyncContextManager[MailConnection]:
        """Open a connection for a batch of mails.

        Raises:
            MailServerDown: there is none to be had.
        """
        ...


class SmtpServer:
    """A mail server reached by SMTP.

    Args:
        implicit_tls: encrypted from the first byte.
        start_tls: encrypted by STARTTLS before anything else; a server without it is not used.
        timeout: seconds for one mail, and for connecting.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        user: str = "",
        password: str = "",
        implicit_tls: bool = False,
        start_tls: bool = False,
        timeout: float = 10.0,
    ) -> None:
        self._address = (host, port)
        self._credentials = (user, password)
        self._implicit_tls = implicit_tls
        self._start_tls = start_tls
        self._timeout = timeout

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[MailConnection]:
        """Open a connection, signed in if there is a user; closed politely at the end."""
        client = self._client()
        try:
            with _translated():
                async with asyncio.timeout(self._timeout):
                    await client.connect()
            yield _SmtpConnection(client, self._timeout)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=_GOODBYE_SECONDS)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        (host, port), (user, password) = self._address, self._credentials
        return aiosmtplib.SMTP(
            hostname=host,
            port=port,
            username=user or None,
            password=password or None,
            use_tls=self._implicit_tls,
            start_tls=self._start_tls,
            timeout=self._timeout,
        )


class _SmtpConnection:
    def __init__(self, client: aiosmtplib.SMTP, timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    async def send(self, message: EmailMessage, *, to: str) -> None:
        with telemetry.span("smtp send", kind=telemetry.SpanKind.CLIENT), _translated():
            async with asyncio.timeout(self._timeout):
                await self._client.send_message(message, recipients=[to])


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiosmtplib.SMTPException as error:
        raise _meaning(error) from error
    except (OSError, TimeoutError) as error:
        raise MailServerDown(f"{type(error).__name__}: {error}") from error


def _meaning(error: aiosmtplib.SMTPException) -> Exception:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailRefused(error.message, permanent=True)
    refused = error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else error
    is_ours = isinstance(refused, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPConnectError | aiosmtplib.SMTPHeloError)
    if not isinstance(refused, aiosmtplib.SMTPResponseException) or is_ours or refused.code in _ABOUT_US:
        return MailServerDown(f"{type(refused).__name__}: {refused}")
    return MailRefused(f"{refused.code} {refused.message}", permanent=refused.code >= _PERMANENT)
