"""A client that bears a shop which is away for a while: it tries again, as a good client does, and measures."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE_SECONDS = 75.0  # a key of repetition whose run died is free again after 60
PASSWORD = "securepassword123"  # noqa: S105 - of accounts that live as long as the run
_AWAY = {502, 503, 504}


class GaveUp(Exception):
    """No answer came in all the time that a client waits."""


@dataclass
class Service:
    """How well all clients were served.

    Attributes:
        seconds, step: the longest that a step took until it was answered, and which it was.
        failures: answers that no fault of a server or the network excuses: 500.
    """

    seconds: float = 0.0
    step: str = ""
    failures: list[str] = field(default_factory=list)

    def note(self, step: str, answer: httpx.Response, seconds: float) -> None:
        """Takes an answer in."""
        if seconds > self.seconds:
            self.seconds, self.step = seconds, step
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            self.failures.append(f"{step}: 500 {answer.text[:300]}")


class Client:
    """Somebody who is signed in.

    Args:
        http: with the shop's address.
        email: whose account; the password is everybody's unless given.
        service: where is noted how well it was served.
    """

    def __init__(self, http: httpx.AsyncClient, email: str, service: Service, password: str = PASSWORD) -> None:
        self.email = email
        self._http = http
        self._password = password
        self._service = service
        self._token = ""

    async def sign_up(self) -> None:
        """Makes the account."""
        names = {
            "first_name": "Ada",
            "last_name": "Obi",
            "password": self._password,
            "confirm_password": self._password,
        }
        answer = await self.send("POST", "/api/signup/", json={"email": self.email, **names})
        if answer.status_code not in {201, 400}:  # 400: the first try's answer was lost, and the address is taken
            raise GaveUp(f"signup: {answer.status_code} {answer.text[:200]}")

    async def sign_in(self) -> None:
        """Gets a token."""
        answer = await self.send("POST", "/api/token/", json={"email": self.email, "password": self._password})
        if answer.status_code != httpx.codes.OK:
            raise GaveUp(f"token: {answer.status_code} {answer.text[:200]}")
        self._token = answer.json()["access"]

    async def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Sends a request with the account's token; a token that has ended is renewed once."""
        answer = await self.send(method, path, **self._signed(kwargs))
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self.sign_in()
            answer = await self.send(method, path, **self._signed(kwargs))
        return answer

    def _signed(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**kwargs, "headers": {**kwargs.get("headers", {}), "Authorization": f"Bearer {self._token}"}}

    async def send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Sends a request until it is answered.

        Raises:
            GaveUp: it never was.
        """
        began = time.monotonic()
        while True:
            try:
                answer = await self._http.request(method, path, **kwargs)
                said = str(answer.status_code)
            except httpx.TransportError as error:
                answer, said = None, type(error).__name__
            waited = time.monotonic() - began
            if answer is not None and not _is_worth_another_try(answer):
                self._service.note(f"{method} {path}", answer, waited)
                return answer
            if waited > PATIENCE_SECONDS:
                raise GaveUp(f"{method} {path}: {said} for {waited:.0f} s")
            await asyncio.sleep(0.3)


def _is_worth_another_try(answer: httpx.Response) -> bool:
    if answer.status_code in _AWAY or answer.text == "404 page not found\n":
        return True
    if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR and not answer.content:
        return True  # Traefik's own word while authz and portal are both away; a service's 500 has a body
    return answer.status_code == httpx.codes.CONFLICT and answer.json().get("code") == "request_still_running"
