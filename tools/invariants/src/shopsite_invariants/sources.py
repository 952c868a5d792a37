"""What a recount reads: the six schemas, RabbitMQ's queues, and in development the simulator's and the catcher's lists.

Everything is read and nothing is written: the databases in read-only transactions, one a schema, each of one moment.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Self
from urllib.parse import urlsplit

import aio_pika
import httpx
import psycopg2
from aio_pika.exceptions import ChannelNotFoundEntity
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extras import NamedTupleCursor

from shopsite_common.settings import SERVICES, derived_url
from shopsite_common.topology import LADDER, Subscription, retry_exchange

_SECONDS = 30
_MAIL_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where everything is, by the names that `make env` and the services use.

    Attributes:
        databases: a URL for each of the six services.
        amqp: RabbitMQ; empty: its queues are not looked at.
        paystack: the Paystack simulator; empty: its list is not compared.
        mail: the mail catcher; empty: what has arrived is not compared.
    """

    databases: Mapping[str, str]
    amqp: str = ""
    paystack: str = ""
    mail: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read ``DATABASE_URL_<SERVICE>`` (or ``DATABASE_URL``), ``AMQP_URL``, and the simulators' addresses.

        Raises:
            ValueError: a database's address is missing.
        """
        owner = environment.get("DATABASE_URL", "")
        databases = {
            service: environment.get(f"DATABASE_URL_{service.upper()}") or (owner and derived_url(owner, service))
            for service in SERVICES
        }
        if missing := [service for service, url in databases.items() if not url]:
            raise ValueError(f"Set DATABASE_URL_{missing[0].upper()}, or DATABASE_URL for all six services.")
        return cls(
            databases=databases,
            amqp=environment.get("AMQP_URL", ""),
            paystack=environment.get("PAYSTACK_SIMULATOR_URL", ""),
            mail=environment.get("MAIL_URL", ""),
        )


def subscriptions() -> list[Subscription]:
    """Return every handler of every service, as their ``HANDLERS`` tables have them."""
    return [each for service in SERVICES for each in import_module(f"shopsite_{service}.consumers").HANDLERS]


class Look:
    """One look at everything; what is read twice is asked for once."""

    def __init__(self, addresses: Addresses, connections: Mapping[str, Any]) -> None:
        self._addresses = addresses
        self._connections = connections

    def rows(self, service: str, statement: str) -> Sequence[Any]:
        """Return the rows of a query on a service's schema, their columns by name."""
        with self._connections[service].cursor(cursor_factory=NamedTupleCursor) as cursor:
            cursor.execute(statement)
            found: Sequence[Any] = cursor.fetchall()
            return found

    @cached_property
    def orders(self) -> dict[str, Any]:
        """Every order by its id."""
        return {row.id: row for row in self.rows("orders", "SELECT *, now() AS now FROM orders")}

    @cached_property
    def refunds(self) -> Sequence[Any]:
        """Every refund as payments has it, with its order."""
        return self.rows(
            "payments", "SELECT r.*, p.order_id FROM refunds r JOIN payments p ON p.id = r.payment_id ORDER BY r.id"
        )

    @cached_property
    def attempts(self) -> Sequence[Any]:
        """Every transaction that was opened at Paystack, with its payment's figures."""
        return self.rows(
            "payments",
            """
            SELECT a.*, p.order_id, p.amount AS asked, p.currency AS asked_currency, p.status AS payment_status
            FROM payment_attempts a JOIN payments p ON p.id = a.payment_id ORDER BY a.id
            """,
        )

    @cached_property
    def transactions(self) -> list[dict[str, Any]] | None:
        """The Paystack simulator's transactions with their refunds; None without a simulator."""
        if not self._addresses.paystack:
            return None
        answer = httpx.get(f"{self._addresses.paystack}/_simulator/transactions", timeout=_SECONDS, trust_env=False)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    @cached_property
    def mails(self) -> list[dict[str, Any]] | None:
        """What has arrived at the mail catcher; None without one."""
        if not self._addresses.mail:
            return None
        found: list[dict[str, Any]] = []
        while page := self._mail_page(len(found)):
            found += page
        return found

    def _mail_page(self, start: int) -> list[dict[str, Any]]:
        url, query = f"{self._addresses.mail}/api/v1/messages", {"start": start, "limit": _MAIL_PAGE}
        answer = httpx.get(url, params=query, timeout=_SECONDS, trust_env=False)
        answer.raise_for_status()
        page: list[dict[str, Any]] = answer.json()["messages"]
        return page

    @cached_property
    def queues(self) -> dict[str, int | None] | None:
        """How many messages lie in each queue of the shop (None: it isn't there); None without RabbitMQ's address."""
        if not self._addresses.amqp:
            return None
        own = [name for each in subscriptions() for name in (each.queue, each.dead_queue)]
        return asyncio.run(
            _depths(self._addresses.amqp, [*own, *(retry_exchange(step) for step in range(len(LADDER)))])
        )


async def _depths(url: str, names: Sequence[str]) -> dict[str, int | None]:
    async with await aio_pika.connect(url, timeout=_SECONDS) as broker:
        return {name: await _depth(broker, name) for name in names}


async def _depth(broker: aio_pika.abc.AbstractConnection, name: str) -> int | None:
    channel = await broker.channel()  # one a queue: asking for a queue that isn't there ends its channel
    try:
        queue = await channel.declare_queue(name, passive=True, timeout=_SECONDS)
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return queue.declaration_result.message_count


@contextlib.contextmanager
def looking(addresses: Addresses) -> Iterator[Look]:
    """Open a look for the time of the block."""
    with contextlib.ExitStack() as stack:
        connections = {service: stack.enter_context(_reading(url)) for service, url in addresses.databases.items()}
        yield Look(addresses, connections)


@contextlib.contextmanager
def _reading(url: str) -> Iterator[Any]:
    plain = urlsplit(url)._replace(scheme="postgresql").geturl()  # the services' own URLs name a driver
    connection = psycopg2.connect(plain, connect_timeout=_SECONDS)
    try:
        connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        yield connection
    finally:
        connection.close()
