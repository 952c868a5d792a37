"""How long and how hard."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The measure of a run.

    Attributes:
        load_seconds: how long buyers buy.
        buyers: how many at a time.
        pause_seconds: the mean time between two deeds.
        longest_seconds: how long a fault lasts at most.
        settle_seconds: how long the shop may take afterwards until every invariant holds.
    """

    name: str
    load_seconds: float
    buyers: int
    pause_seconds: float
    longest_seconds: float
    settle_seconds: float


SHORT = Profile(name="short", load_seconds=75, buyers=8, pause_seconds=2, longest_seconds=6, settle_seconds=150)
LONG = Profile(name="long", load_seconds=25 * 60, buyers=8, pause_seconds=5, longest_seconds=30, settle_seconds=300)
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (SHORT, LONG)})
