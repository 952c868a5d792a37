"""Carries the plan out, and writes down what was done to whom and when."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from shopsite_local import control
from shopsite_local.chaos.plan import NETWORK, Action, Deed
from shopsite_local.problems import RunnerError

DELAY_SECONDS = 0.4  # of each piece of data, each way
LATE_SECONDS = 4.0
_WEBHOOKS: dict[Action, dict[str, Any]] = {
    Action.WEBHOOKS_OFF: {"webhooks": "off"},
    Action.WEBHOOKS_LATE: {"webhooks": "delay", "delay_seconds": LATE_SECONDS},
    Action.WEBHOOKS_TWICE: {"webhooks": "duplicate", "duplicates": 3},
}
_WEBHOOKS_AGAIN = {"webhooks": "on"}


@dataclass
class Done:
    """A deed as it was done: its begin and end in seconds after the load began, and what went wrong with doing it."""

    deed: Deed
    began: float
    ended: float = 0.0
    problem: str = ""

    def row(self) -> dict[str, Any]:
        """As the report has it."""
        times = {"began": round(self.began, 1), "ended": round(self.ended, 1)}
        return {**asdict(self.deed), **times, "problem": self.problem}


class Hand:
    """Does deeds to one shop.

    Args:
        home: the shop's data folder.
        known: its addresses, as `make env` prints them.
    """

    def __init__(self, home: Path, known: dict[str, str]) -> None:
        self._home = home
        self._known = known
        self._http = httpx.AsyncClient(timeout=60, trust_env=False)
        self._busy: dict[str, asyncio.Lock] = {}
        self._began = time.monotonic()
        self.done: list[Done] = []

    async def follow(self, deeds: Sequence[Deed]) -> None:
        """Does each deed at its time; returns when the last has ended. Deeds to one target wait for each other."""
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for deed in deeds:
                await asyncio.sleep(max(0.0, deed.at - (time.monotonic() - self._began)))
                tasks.create_task(self._do(deed))

    async def make_good(self) -> None:
        """Ends every fault: what a deed could not undo itself, too."""
        await self._http.delete(f"{self._known['NETWORK_URL']}/links")
        for row in await asyncio.to_thread(lambda: control.ask(self._home, "status")["parts"]):
            if not row["once"]:
                await self._ctl("resume", row["name"])
                if row["state"] == "stopped":
                    await self._ctl("start", row["name"])
        await self._webhooks(_WEBHOOKS_AGAIN)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _do(self, deed: Deed) -> None:
        async with self._busy.setdefault(deed.target, asyncio.Lock()):
            note = Done(deed, time.monotonic() - self._began)
            self.done.append(note)
            try:
                await self._carry_out(deed)
            except (RunnerError, httpx.HTTPError) as problem:
                note.problem = f"{type(problem).__name__}: {problem}"
            note.ended = time.monotonic() - self._began

    async def _carry_out(self, deed: Deed) -> None:
        if deed.action in NETWORK:
            await self._fail_link(deed)
        elif deed.action in _WEBHOOKS:
            await self._webhooks(_WEBHOOKS[deed.action])
            await asyncio.sleep(deed.seconds)
            await self._webhooks(_WEBHOOKS_AGAIN)
        elif deed.action in {Action.STOP, Action.FREEZE}:
            begin, end = ("stop", "start") if deed.action == Action.STOP else ("pause", "resume")
            await self._ctl(begin, deed.target)
            await asyncio.sleep(deed.seconds)
            await self._ctl(end, deed.target)
        else:
            await self._ctl(deed.action, deed.target)

    async def _fail_link(self, deed: Deed) -> None:
        await self._link(deed.target, {"fault": deed.action.value, "seconds": DELAY_SECONDS})
        if deed.action != Action.RESET:
            await asyncio.sleep(deed.seconds)
            if deed.breaks:
                await self._link(deed.target, {"fault": "reset"})
            await self._link(deed.target, {"fault": "none"})

    async def _link(self, name: str, order: dict[str, Any]) -> None:
        answer = await self._http.put(f"{self._known['NETWORK_URL']}/links/{name}", json=order)
        answer.raise_for_status()

    async def _webhooks(self, settings: dict[str, Any]) -> None:
        """The simulator may be down just now: it is asked again for a while."""
        url = f"{self._known['PAYSTACK_SIMULATOR_URL']}/_simulator/settings"
        async with asyncio.timeout(60):
            while True:
                try:
                    answer = await self._http.post(url, json=settings)
                    answer.raise_for_status()
                except httpx.TransportError:
                    await asyncio.sleep(0.3)
                else:
                    return

    async def _ctl(self, action: str, name: str) -> None:
        await asyncio.to_thread(control.ask, self._home, action, name)
