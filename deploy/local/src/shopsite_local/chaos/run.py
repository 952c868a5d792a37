"""One run against a private shop: load and faults, then peace, then the recount.

Buyers browse, check out, pay, cancel, pay late, twice or wrongly, and an admin ships and refunds, while a plan drawn
from the seed kills, stops and freezes every process and server of the shop and makes the network between them fail.
When it is over, every invariant must hold, and whatever a client was told must be true.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg2
from aio_pika.exceptions import AMQPError

from shopsite_invariants.recount import look_once
from shopsite_invariants.sources import Addresses, looking
from shopsite_local import control, shop
from shopsite_local.chaos import verdict
from shopsite_local.chaos.client import Client, GaveUp, Service
from shopsite_local.chaos.deeds import Hand
from shopsite_local.chaos.plan import plan
from shopsite_local.chaos.profile import Profile
from shopsite_local.chaos.report import Report
from shopsite_local.chaos.stories import Storyteller
from shopsite_local.commands import run as run_program
from shopsite_local.layout import Instance, logs_of
from shopsite_local.progress import Progress
from shopsite_local.settings import FOR_CHAOS, for_instance
from shopsite_local.table import Table

_PRODUCTS = (40, 40, 25, 12, 6, 3)  # pieces of each: of the last ones there is too little
_PRICES = ("1999.50", "349.99", "15000.00", "87.35", "4200.00", "999.90")
_LATE_SECONDS = int(FOR_CHAOS["ORDER_PAYMENT_TIMEOUT_SECONDS"]) + 5
_LOOK_SECONDS = 2.0
_NOT_YET = (psycopg2.Error, httpx.HTTPError, AMQPError, OSError)


def run(home: Path, *, seeds: Sequence[int], profile: Profile) -> Iterator[Report]:
    """Starts a shop below `home`, gives the report of each seed, and stops it; its data and logs stay."""
    with running(home) as instance:
        for seed in seeds:
            yield asyncio.run(run_on(instance, seed=seed, profile=profile))


@contextlib.contextmanager
def running(home: Path) -> Iterator[Instance]:
    """Starts a fresh shop of the kind `chaos` for the time of the block."""
    instance, progress = shop.fresh(home, "chaos"), Progress()
    try:
        shop.start(instance, progress)
        shop.wait(instance, progress)
        yield instance
    finally:
        shop.down(home)


async def run_on(instance: Instance, *, seed: int, profile: Profile) -> Report:
    """Runs against a shop of the kind `chaos` that is up, and leaves it up."""
    known: dict[str, str] = control.ask(instance.home, "facts")["facts"]
    report = Report(seed, profile.name)
    deeds = plan(seed, profile)
    say(f"seed {seed}, profile {profile.name}: {len(deeds)} deeds in {profile.load_seconds:.0f} s")
    hand = Hand(instance.home, known)
    try:
        async with httpx.AsyncClient(base_url=known["SHOPSITE_URL"], timeout=30, trust_env=False) as http:
            await Load(http, known, report, profile).run(hand, deeds)
        report.done = hand.done
        say("all faults end; the shop settles")
        await hand.make_good()
    finally:
        await hand.close()
    await settle(instance, known, report, profile)
    return report


def say(sentence: str) -> None:
    """Says how far the run is."""
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)


class Load:
    """The buyers of one run."""

    def __init__(self, http: httpx.AsyncClient, known: dict[str, str], report: Report, profile: Profile) -> None:
        self._http = http
        self._known = known
        self._report = report
        self._profile = profile
        self._service = Service()
        self._admin = Client(
            http, known["SHOPSITE_ADMIN_EMAIL"], self._service, password=known["SHOPSITE_ADMIN_PASSWORD"]
        )

    async def run(self, hand: Hand, deeds: Sequence[Any]) -> None:
        """Lets buyers buy while the hand follows the plan; returns when the last story has ended."""
        await self._admin.sign_in()
        products = [await self._make_product(*each) for each in zip(_PRODUCTS, _PRICES, strict=True)]
        until = time.monotonic() + self._profile.load_seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hand.follow(deeds))
            for number in range(self._profile.buyers):
                tasks.create_task(self._buy_on(number, products, until))
        self._report.service = self._service

    async def _make_product(self, stock: int, price: str) -> str:
        body = {"name": f"Lamp {secrets.token_hex(3)}", "price": price, "stock": stock}
        answer = await self._admin.call("POST", "/api/products/", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    async def _buy_on(self, number: int, products: list[str], until: float) -> None:
        """Play story after story, each round as a new customer."""
        round_ = 0
        while time.monotonic() < until:
            round_ += 1
            with self._giving_up():
                teller = await self._customer(f"{self._report.seed}/{number}/{round_}", products)
                for _ in range(4):
                    if time.monotonic() < until:
                        with self._giving_up():
                            await teller.tell(self._report.purchases)

    async def _customer(self, seed: str, products: list[str]) -> Storyteller:
        buyer = Client(self._http, f"buyer-{seed.replace('/', '-')}@example.com", self._service)
        await buyer.sign_up()
        await buyer.sign_in()
        return Storyteller(
            buyer,
            self._admin,
            simulator=self._known["PAYSTACK_SIMULATOR_URL"],
            products=products,
            late_seconds=_LATE_SECONDS,
            seed=f"choices of {seed}",
        )

    @contextlib.contextmanager
    def _giving_up(self) -> Any:
        try:
            yield
        except GaveUp as sentence:
            self._report.gave_up.append(str(sentence))


async def settle(instance: Instance, known: dict[str, str], report: Report, profile: Profile) -> None:
    """Waits until every invariant holds and every order has its end, or the time is over; the last look counts."""
    addresses = Addresses.from_environment(known)
    began = time.monotonic()
    reconciled = False
    while True:
        with contextlib.suppress(*_NOT_YET):
            report.findings = await asyncio.to_thread(look_once, addresses)
            statuses = await asyncio.to_thread(_statuses, addresses)
            report.statuses = Counter(statuses.values())
            report.broken = [*report.service.failures, *verdict.differences(report.purchases, statuses)]
            if report.holds:
                break
        if time.monotonic() - began > profile.settle_seconds:
            break
        if not reconciled and time.monotonic() - began > _LATE_SECONDS:
            # what no webhook and no look has brought comes with the daily comparison: the night falls now
            reconciled = await asyncio.to_thread(_reconcile, instance)
        await asyncio.sleep(_LOOK_SECONDS)
    report.settle_seconds = time.monotonic() - began


def _statuses(addresses: Addresses) -> dict[str, str]:
    with looking(addresses) as look:
        return {str(order.id): order.status for order in look.orders.values()}


def _reconcile(instance: Instance) -> bool:
    """Runs the daily comparison of payments; true when it could be made."""
    worker = Table(instance, for_instance(instance)).service("payments", "worker")
    argv = (*worker.argv[:-1], "manage", "reconcile", "--days", "1")
    done = run_program(argv, env=worker.env, cwd=worker.cwd, log=logs_of(instance.home) / "reconcile.log")
    say(f"the daily comparison with Paystack has been made ({done.code})")
    return done.code in {0, 1}
