"""What a request costs, in figures that do not depend on the machine: SQL statements, calls of Redis, bytes.

``tests/budgets.txt`` holds what each hot request may cost. A service's ``test_costs.py`` measures all of its lines at
once, and every list that it documents with one row and with a hundred.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from sqlalchemy import Engine, event

TABLE = Path("tests", "budgets.txt")
MANY = 100  # rows, as many as a page takes
_LINE = "{:<10} {:<18} {:<13} {:>4} {:>6} {:>6}"


@dataclass(frozen=True)
class Cost:
    """SQL statements, calls of Redis (a pipeline is one) and bytes of the answer's body."""

    sql: int
    redis: int
    size: int

    def exceeds(self, budget: "Cost") -> bool:
        """Tell whether one of the figures is above the budget's."""
        return self.sql > budget.sql or self.redis > budget.redis or self.size > budget.size


class Counter:
    """Counts while it is on, in every engine and every client of Redis of this process."""

    def __init__(self) -> None:
        self.sql = self.redis = 0
        self._on = False

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count anew, within the block alone."""
        self.sql = self.redis = 0
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def on_statement(self, *_args: Any) -> None:
        """Hear of an SQL statement."""
        self.sql += self._on

    def on_redis(self) -> None:
        """Hear of a call of Redis."""
        self.redis += self._on


@contextmanager
def counter() -> Generator[Counter]:
    """Give a counter that hears of everything until the block ends."""
    found = Counter()
    event.listen(Engine, "before_cursor_execute", found.on_statement)
    before = Redis.execute_command, Pipeline.execute

    async def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        found.on_redis()
        return await before[0](self, *args, **options)  # type: ignore[no-untyped-call]

    async def execute(self: Any, *args: Any, **options: Any) -> Any:
        found.on_redis()
        return await before[1](self, *args, **options)

    Redis.execute_command, Pipeline.execute = execute_command, execute  # type: ignore[method-assign]  # a spy
    try:
        yield found
    finally:
        Redis.execute_command, Pipeline.execute = before  # type: ignore[method-assign]
        event.remove(Engine, "before_cursor_execute", found.on_statement)


class Costs:
    """Measures requests of one service and compares them with its lines of the table.

    Args:
        table: the whole table.
        spare: collects lines that could be lowered, for the end of the run.
    """

    def __init__(self, found: Counter, table: Path, spare: list[str]) -> None:
        self._counter = found
        self._table = table
        self._spare = spare

    async def of(self, request: Awaitable[httpx.Response]) -> Cost:
        """Send the request, which must succeed, and return its cost."""
        with self._counter.counting():
            answer = await request
        assert answer.status_code < httpx.codes.BAD_REQUEST, answer.text
        return Cost(self._counter.sql, self._counter.redis, len(answer.content))

    def check(self, service: str, measured: Mapping[str, Cost]) -> None:
        """Fail if something costs more than its line says, has no line, or a line was not measured."""
        budgets = {name: cost for (owner, name), cost in read_budgets(self._table).items() if owner == service}
        assert not budgets.keys() - measured.keys(), "lines that nothing measures"
        over = [name for name, cost in measured.items() if name not in budgets or cost.exceeds(budgets[name])]
        assert not over, "\n".join(["more than tests/budgets.txt allows:", *_lines(service, measured, over)])
        under = [name for name, cost in measured.items() if cost != budgets[name]]
        self._spare += _lines(service, measured, under)

    async def check_lists(
        self,
        paths: Iterable[str],
        read: Callable[[str], Awaitable[httpx.Response]],
        fill: Callable[[], None],
    ) -> None:
        """Fail if a list takes more statements for a hundred rows than for the one that is there.

        Args:
            paths: the lists.
            read: asks for one of them, whole and past every cache.
            fill: makes them a hundred rows long.
        """
        few = {path: (await self.of(read(path))).sql for path in paths}
        fill()
        for path, before in few.items():
            with self._counter.counting():
                answer = await read(path)
            assert rows_of(answer.json()) >= MANY, f"{path} was not filled: {answer.text}"
            assert self._counter.sql <= before, f"{path}: {before} statements for a row, {self._counter.sql} for {MANY}"


def read_budgets(table: Path) -> dict[tuple[str, str], Cost]:
    """Return the budgets by service and by operation with case: ``list_products, cached``."""
    found = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            service, operation, case, *figures = line.split()
            found[service, f"{operation}, {case}"] = Cost(*map(int, figures))
    return found


def _lines(service: str, measured: Mapping[str, Cost], names: Iterable[str]) -> list[str]:
    found = [(name, measured[name]) for name in names]
    return [_LINE.format(service, *name.split(", "), cost.sql, cost.redis, cost.size) for name, cost in found]


def lists_of(app: Any) -> list[str]:
    """Return the paths of all documented operations that answer a list."""
    document = app.openapi()
    return [path for path, entry in document["paths"].items() if "get" in entry and _is_list(document, entry["get"])]


def _is_list(document: Any, operation: Any) -> bool:
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return named.get("type") == "array" or "results" in named.get("properties", {})


def rows_of(body: Any) -> int:
    """Return the length of the longest list anywhere in a JSON body."""
    if isinstance(body, list):
        return max(len(body), *map(rows_of, body), 0)
    return max(map(rows_of, body.values()), default=0) if isinstance(body, dict) else 0
