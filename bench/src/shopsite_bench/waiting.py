"""Waiting for what a shop does by itself, seen in its database."""

import time
from typing import TYPE_CHECKING, Any

from shopsite_local.problems import RunnerError

if TYPE_CHECKING:
    from shopsite_bench.stage import Stage

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.1


def await_count(stage: "Stage", statement: str, values: Any, wanted: int) -> None:
    """Returns as soon as a statement that counts comes to `wanted` or less.

    Raises:
        RunnerError: it does not within two minutes.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (left := stage.query(statement, values)[0][0]) > wanted:
        if time.monotonic() > deadline:
            raise RunnerError(f"{left - wanted} too many after {_PATIENCE_SECONDS:.0f} s: {statement}")
        time.sleep(_LOOK_SECONDS)
