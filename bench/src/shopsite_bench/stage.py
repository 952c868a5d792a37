"""The stage of a run: a private shop with ten thousand products, and what cases ask of it."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg2
from psycopg2.extras import NamedTupleCursor

from shopsite_bench import seeding
from shopsite_bench.load import Target
from shopsite_bench.processes import cpu_seconds
from shopsite_local import control, packages, shop
from shopsite_local.layout import Instance, logs_of
from shopsite_local.progress import Progress

T = TypeVar("T")

PRODUCTS = 10_000
PASSWORD = "securepassword123"  # noqa: S105 - of accounts that live as long as the run


@dataclass(frozen=True)
class Table:
    """More than ratios: for the reports, as it stands."""

    columns: tuple[str, ...]
    rows: list[tuple[str | float, ...]]


@dataclass
class Stage:
    """A running shop, and where its figures come from.

    Attributes:
        instance: the shop's; `instance.home` is for files of the run.
        progress: says what happens.
        lasting: closed at the end of the run.
        tables: what cases add to the reports, by title.
    """

    instance: Instance
    progress: Progress
    lasting: ExitStack
    tables: dict[str, Table] = field(default_factory=dict)
    _kept: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def facts(self) -> dict[str, str]:
        """What `make env` would print of this shop."""
        known: dict[str, str] = control.ask(self.instance.home, "facts")["facts"]
        return known

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.instance.port('gateway')}"

    @property
    def logs(self) -> Path:
        """Where processes beside the shop write."""
        return logs_of(self.instance.home)

    @property
    def scratch(self) -> Path:
        """A folder for files of the run."""
        folder = self.instance.home / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    def once(self, open_: Callable[["Stage"], AbstractContextManager[T]]) -> T:
        """Opens at the first call what several cases need, and keeps it open until the end of the run."""
        if open_ not in self._kept:
            self._kept[open_] = self.lasting.enter_context(open_(self))
        kept: T = self._kept[open_]
        return kept

    def pid(self, process: str) -> int:
        """The process id of a part of the shop, by the names of `make ps`."""
        return next(int(row["pid"]) for row in shop.rows(self.instance.home) if row["name"] == process)

    def pids(self) -> list[int]:
        """All parts of the shop that run, simulators and servers included."""
        return [row["pid"] for row in shop.rows(self.instance.home) if row["pid"]]

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each part of the shop so far."""
        return {row["name"]: cpu_seconds([row["pid"]]) for row in shop.rows(self.instance.home) if row["pid"]}

    def statements(self) -> int:
        """SQL statements that the shop has run so far, all services; BEGIN and COMMIT are none."""
        return int(self.query("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements")[0][0])

    def query(self, statement: str, values: Any = None) -> list[Any]:
        """Runs a statement as the owner of all schemas, committed, and returns its rows, if it has any.

        A row is a tuple whose columns have names, too.
        """
        with contextlib.closing(psycopg2.connect(self.facts["DATABASE_URL"])) as connection:
            connection.autocommit = True
            with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

    def target(self, path: str) -> Target:
        """A path of the shop, with everything that works for it."""
        return Target(f"{self.url}{path}", self.pids, self.statements)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """Asks the shop.

        Raises:
            HTTPStatusError: it refused.
        """
        return httpx.get(f"{self.url}{path}", timeout=30, trust_env=False, **kwargs).raise_for_status()

    def post(self, path: str, body: Any, **kwargs: Any) -> httpx.Response:
        """Asks the shop to do something.

        Raises:
            HTTPStatusError: it refused.
        """
        return httpx.post(f"{self.url}{path}", json=body, timeout=30, trust_env=False, **kwargs).raise_for_status()

    def customer(self, name: str) -> str:
        """Signs somebody up, and returns an access token."""
        account = {"email": f"{name}@example.com", "password": PASSWORD}
        names = {"first_name": "Ada", "last_name": "Obi", "confirm_password": PASSWORD}
        with contextlib.suppress(httpx.HTTPStatusError):  # who has signed up in an earlier case signs in
            self.post("/api/signup/", {**account, **names})
        return str(self.post("/api/token/", account).json()["access"])


@contextlib.contextmanager
def opened(home: Path, progress: Progress) -> Iterator[Stage]:
    """Starts a fresh shop of the kind `bench` below `home`, fills it, and stops it; its logs stay."""
    instance = shop.fresh(home, "bench")
    try:
        shop.start(instance, progress)
        packages.ensure(instance.home, progress, packages.FOR_BENCH)
        shop.wait(instance, progress)
        with ExitStack() as lasting:
            stage = Stage(instance, progress, lasting)
            with progress.step(f"{PRODUCTS} products go on sale"):
                seeding.seed(stage, PRODUCTS)
            yield stage
    finally:
        with progress.step("the shop stops"):
            shop.down(home)
