"""The one object that the parts of the simulator share: its file, its clock, its behaviour."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from shopsite_local.faults import laid_over
from shopsite_local.paystack import repository
from shopsite_local.paystack.behaviour import Behaviour
from shopsite_local.paystack.options import Options
from shopsite_local.paystack.store import empty, open_store

Clock = Callable[[], float]
EVERYTHING = ""
"""The scope of settings that hold for every reference."""


class Simulator:
    """State shared by the API, the page, the control endpoints and the courier; of one event loop."""

    def __init__(self, options: Options, *, clock: Clock = time.time) -> None:
        self.options = options
        self.now = clock
        self.db: sqlite3.Connection = open_store(options.state_dir / "paystack.sqlite3")
        self.on_due: Callable[[], None] = lambda: None
        """Called when something new has become due; the courier sets it."""
        self._behaviours = repository.load_behaviours(self.db)

    def behaviour(self, reference: str = EVERYTHING) -> Behaviour:
        """Returns the settings in force for a reference: its own over those of everything."""
        stored = {**self._behaviours.get(EVERYTHING, {}), **self._behaviours.get(reference, {})}
        return Behaviour.model_validate(stored)

    def change_behaviour(self, patch: Mapping[str, Any], *, reference: str = EVERYTHING) -> Behaviour:
        """Lays `patch` over the settings of one reference or of all, keeps them, and returns those in force.

        Raises `pydantic.ValidationError`, nothing changed, when a name or a value is not known.
        """
        wanted = laid_over(self._behaviours.get(reference, {}), patch)
        chosen = Behaviour.model_validate(wanted).model_dump(exclude_unset=True)
        repository.save_behaviour(self.db, reference, chosen)
        self._behaviours[reference] = chosen
        return self.behaviour(reference)

    def take(self, counter: str, reference: str) -> bool:
        """Uses up one of `fail_next` or `drop_next`, the reference's own first; False when none is left."""
        for scope in (reference, EVERYTHING):
            left = int(self._behaviours.get(scope, {}).get(counter, 0))
            if left:
                self.change_behaviour({counter: left - 1}, reference=scope)
                return True
        return False

    def reset(self) -> None:
        """Forgets all transactions, webhooks and settings; numbers once given are not given again."""
        empty(self.db)
        self._behaviours = {}
        self.on_due()

    def close(self) -> None:
        """Closes the file."""
        self.db.close()
