"""The plan of a run: what is done to whom and when. The same seed gives the same plan."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shopsite_local.chaos.profile import Profile
from shopsite_local.layout import LINKS, SERVICES

SERVERS = ("postgres", "rabbitmq", "redis")
PROCESSES = (
    *(f"{service}-{role}" for service in SERVICES for role in ("api", "worker")),
    *("authz", "portal", "traefik", "paystack-simulator", "mail"),
)
_SHORTEST_SECONDS = 0.5
_LAST_DEED = 0.9  # of the load's time: who buys last sees a shop that comes back


class Action(StrEnum):
    """What may be done."""

    KILL = "kill"
    RESTART = "restart"
    STOP = "stop"
    FREEZE = "freeze"
    CUT = "cut"
    RESET = "reset"
    DELAY = "delay"
    BLACKHOLE = "blackhole"
    MUTE = "mute"
    WEBHOOKS_OFF = "webhooks off"
    WEBHOOKS_LATE = "webhooks late"
    WEBHOOKS_TWICE = "webhooks twice"


NETWORK = (Action.CUT, Action.RESET, Action.DELAY, Action.BLACKHOLE, Action.MUTE)
WEBHOOKS = (Action.WEBHOOKS_OFF, Action.WEBHOOKS_LATE, Action.WEBHOOKS_TWICE)


@dataclass(frozen=True)
class Deed:
    """One thing that is done.

    Attributes:
        at: seconds after the load began.
        target: a process as `make ps` names it, or a link of the network.
        seconds: how long it lasts, where it lasts.
        breaks: for `blackhole` and `mute`: what was held is lost at the end, instead of arriving late.
    """

    at: float
    action: Action
    target: str
    seconds: float = 0.0
    breaks: bool = False


def plan(seed: int, profile: Profile) -> list[Deed]:
    """Draws the deeds of a run, in the order of their times."""
    draw = random.Random(f"deeds of {seed}")  # noqa: S311 - drawn anew from the same seed
    deeds = []
    victims, links = _in_turn(draw, (*PROCESSES, *SERVERS)), _in_turn(draw, LINKS)
    at = profile.pause_seconds
    while at < profile.load_seconds * _LAST_DEED:
        deeds.append(_deed(draw, at, victims, links, profile))
        at += draw.uniform(0.3, 1.7) * profile.pause_seconds
    return deeds


def _in_turn(draw: random.Random, names: Sequence[str]) -> Iterator[str]:
    """Gives everybody, and everybody again in another order: none is left out by chance."""
    while True:
        everybody = list(names)
        draw.shuffle(everybody)
        yield from everybody


def _deed(draw: random.Random, at: float, victims: Iterator[str], links: Iterator[str], profile: Profile) -> Deed:
    seconds = round(draw.uniform(_SHORTEST_SECONDS, profile.longest_seconds), 1)
    kind = draw.choices(("process", "network", "webhooks"), weights=(8, 3, 1))[0]
    at = round(at, 1)
    if kind == "webhooks":
        return Deed(at, draw.choice(WEBHOOKS), "paystack-simulator", seconds)
    if kind == "network":
        action, link = draw.choice(NETWORK), next(links)
        if action == Action.DELAY:
            return Deed(at, action, link, seconds)
        return Deed(at, action, link, 0.0 if action == Action.RESET else seconds, breaks=draw.random() < 0.5)  # noqa: PLR2004 - one in two
    action = draw.choices((Action.KILL, Action.RESTART, Action.STOP, Action.FREEZE), weights=(6, 1, 1, 2))[0]
    lasting = seconds if action in {Action.STOP, Action.FREEZE} else 0.0
    return Deed(at, action, next(victims), lasting)


def counted(deeds: Sequence[Deed]) -> dict[str, int]:
    """How often each action occurs."""
    return {action.value: n for action in Action if (n := sum(deed.action == action for deed in deeds))}
