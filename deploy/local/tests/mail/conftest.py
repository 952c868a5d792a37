"""A running mail catcher with its SMTP port open."""

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from shopsite_local.mail.app import Options, create_app


@dataclass
class Post:
    """The catcher, reached by HTTP and by SMTP."""

    http: httpx.AsyncClient
    smtp_port: int

    async def send(self, message: EmailMessage | bytes, *, to: list[str] | None = None) -> None:
        await asyncio.to_thread(self._send, message, to)

    def _send(self, message: EmailMessage | bytes, to: list[str] | None) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="localhost") as client:
            if isinstance(message, bytes):
                client.sendmail("shop@example.com", to or ["ada@example.com"], message)
            else:
                client.send_message(message, to_addrs=to)

    async def sign_in(self, name: str, password: str) -> int:
        return await asyncio.to_thread(self._sign_in, name, password)

    def _sign_in(self, name: str, password: str) -> int:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="localhost") as client:
            return client.login(name, password)[0]

    async def search(self, query: str) -> list[str]:
        answer = await self.http.get("/api/v1/search", params={"query": query})
        return [each["Subject"] for each in answer.json()["messages"]]

    async def only(self) -> dict[str, Any]:
        (listed,) = (await self.http.get("/api/v1/messages")).json()["messages"]
        message: dict[str, Any] = (await self.http.get(f"/api/v1/message/{listed['ID']}")).json()
        return message


@pytest.fixture
def start(tmp_path):
    """Starts a catcher on this test's folder; called again, it finds what the first one left."""

    @contextlib.asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[Post]:
        app = create_app(Options(state_dir=tmp_path, smtp_host="127.0.0.1", smtp_port=0, **options))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mail") as http,
        ):
            yield Post(http, app.state.smtp_port)

    return run


@pytest.fixture
async def post(start) -> AsyncIterator[Post]:
    async with start() as running:
        yield running


@pytest.fixture
def compose():
    """Writes a mail as the shop does: plain text and HTML."""

    def write(subject: str = "Your order", to: str = "Ada <ada@example.com>", text: str = "Hello") -> EmailMessage:
        message = EmailMessage()
        message["From"] = "ShopSite <shop@example.com>"
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = f"<{abs(hash((subject, to)))}@shop.example>"
        message["Date"] = "Tue, 24 Nov 2026 10:00:00 +0100"
        message.set_content(text)
        message.add_alternative(f"<html><head></head><body><p>{text}</p></body></html>", subtype="html")
        return message

    return write
