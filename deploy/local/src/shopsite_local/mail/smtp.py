"""The SMTP side: takes every mail, or refuses on request."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import BaseModel, ConfigDict, Field

from shopsite_local.mail.store import Mailbox

LARGEST = 25 * 1024 * 1024
NAME = "mail.localhost"


class Trouble(BaseModel):
    """How often a step of the dialogue is refused, in per cent, and with which code."""

    model_config = ConfigDict(extra="forbid")

    error_code: int = Field(default=451, ge=400, le=599, alias="ErrorCode")
    probability: int = Field(default=0, ge=0, le=100, alias="Probability")


class Chaos(BaseModel):
    """Mailpit's chaos: refusals of senders, recipients and sign-ins."""

    model_config = ConfigDict(extra="forbid")

    sender: Trouble = Field(default_factory=Trouble, alias="Sender")
    recipient: Trouble = Field(default_factory=Trouble, alias="Recipient")
    authentication: Trouble = Field(default_factory=Trouble, alias="Authentication")


class Catcher:
    """What aiosmtpd calls at each step; the names are its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.chaos = Chaos()
        self._mailbox = mailbox

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        """Takes the sender."""
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return self._refusal("sender") or "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Takes a recipient."""
        refusal = self._refusal("recipient")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the mail, and only then says so."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        sender, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
        mail_id = self._mailbox.add(raw, sender=sender, recipients=recipients, created=created)
        return f"250 2.0.0 OK: queued as {mail_id}"

    def authenticate(self, *_details: Any) -> AuthResult:
        """Takes any name and password."""
        return AuthResult(success=not self._refusal("authentication"))

    def _refusal(self, step: Literal["sender", "recipient", "authentication"]) -> str:
        trouble: Trouble = getattr(self.chaos, step)
        if random.randrange(100) >= trouble.probability:  # noqa: S311  chance, not secrecy
            return ""
        return f"{trouble.error_code} Chaos: {step} refused"


async def listen(catcher: Catcher, *, host: str, port: int) -> asyncio.Server:
    """Opens the SMTP port."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            catcher,
            loop=loop,
            hostname=NAME,
            ident="ShopSite mail catcher",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=catcher.authenticate,
        )

    return await loop.create_server(protocol, host=host, port=port)
