"""The unit of work: one use case, one transaction, on one of a bounded number of places.

``await db.run(place_order, customer_id=…)`` waits for a place, goes to a thread, opens session and transaction, calls
``place_order(session, customer_id=…)``, commits and closes; only then does the caller go on. A session is never held
while an answer is made or another service is called.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import orjson
from prometheus_client import Counter, Gauge
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from shopsite_common import telemetry
from shopsite_common.errors import Unavailable, ValidationFailed
from shopsite_common.logs import get_logger

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)

_PLACES = Gauge("shopsite_db_places", "Places of the database pool, taken or free")
_BUSY = Gauge("shopsite_db_places_busy", "Places of the database pool in use")
_WAITING = Gauge("shopsite_db_places_waiting", "Use cases that wait for a place of the database pool")
_RETRIES = Counter("shopsite_db_retries_total", "Use cases run again after a deadlock or a lost connection", ["reason"])

_SERIALIZATION_FAILURE = "40001"
_DEADLOCK = "40P01"
_MAX_TRIES = 4
ANSWER_SECONDS = 15.0


class DatabaseDown(Unavailable):
    """The database does not answer, or has no place free in time."""

    code = "database_unavailable"


class Patience:
    """How long somebody still waits for the database: whoever sent a request, for all its use cases together."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._left = seconds

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[None]:
        """Let the block's time count.

        Raises:
            DatabaseDown: nothing is left.
        """
        if self._left <= 0:
            raise DatabaseDown
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left):
                yield
        except TimeoutError as error:
            raise DatabaseDown from error
        finally:
            self._left -= loop.time() - began


_of_request: ContextVar[Patience | None] = ContextVar("patience_of_request", default=None)


@contextmanager
def one_patience() -> Iterator[None]:
    """Let all use cases of the block together take no longer than one may alone."""
    token = _of_request.set(Patience())
    try:
        yield
    finally:
        _of_request.reset(token)


class Database:
    """A PostgreSQL database as one service sees it.

    Args:
        url: a SQLAlchemy URL with its driver, of the service's own role.
        places: how many use cases run at the same time, each with a connection and a thread of its own.
        wait_seconds: how long a use case waits for a place before it is refused.
        answer_seconds: how long a caller waits for a use case, its place included, before it is told 503.
    """

    def __init__(
        self, url: str, *, places: int = 8, wait_seconds: float = 5.0, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=places,
            max_overflow=0,
            pool_timeout=wait_seconds,
            pool_recycle=1800,
            pool_reset_on_return=None,  # each unit ends by commit or rollback itself
            json_deserializer=orjson.loads,
            hide_parameters=True,  # values stay out of error texts, and so out of logs
            connect_args={"connect_timeout": 3, "keepalives_idle": 30, "tcp_user_timeout": 10_000},
        )
        telemetry.watch_statements(self.engine)
        _PLACES.set(places)
        self._wait_seconds = wait_seconds
        self._answer_seconds = answer_seconds
        self._places = asyncio.Semaphore(places)
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="db")

    async def run(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``use_case(session, …)`` as one transaction and return what it returned.

        A deadlock, a serialization failure, or a connection lost before the commit runs it once more.

        Raises:
            DatabaseDown: no connection, no place in time, or no answer in time (the work may still be done then).
        """
        patience = _of_request.get() or Patience(self._answer_seconds)
        async with patience.spent():
            await self._take_place()
            context = contextvars.copy_context()
            work = asyncio.get_running_loop().run_in_executor(
                self._threads, context.run, partial(self.run_here, use_case, *args, **kwargs)
            )
            work.add_done_callback(self._free_place)
            return await asyncio.shield(work)

    def run_here(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what :meth:`run` does, in the calling thread: for commands and tests."""
        for last_try in (*[False] * (_MAX_TRIES - 1), True):
            try:
                return self._run_once(use_case, *args, **kwargs)
            except DBAPIError as error:
                if last_try or not (reason := _worth_another_try(error)):
                    raise _translated(error) from error
                _RETRIES.labels(reason).inc()
        raise AssertionError("unreachable")  # pragma: no cover

    def _run_once(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with telemetry.detail(f"db {getattr(use_case, '__name__', 'use case')}"), self.session() as session:
            try:
                result = use_case(session, *args, **kwargs)
                session.flush()
            except ValueError as error:
                if "NUL (0x00)" in str(error) or isinstance(error, UnicodeEncodeError):
                    # PostgreSQL's text holds any character but these; whoever sent one gets told
                    raise ValidationFailed("A text holds a character that cannot be stored.") from error
                raise
            _commit(session)
            return result

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that rolls back at the end unless it was committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.rollback()

    async def ping(self) -> None:
        """Ask the server for an answer.

        Raises:
            DatabaseDown: it has none.
        """
        await self.run(lambda session: session.connection().execute(text("SELECT 1")).scalar())

    def close(self) -> None:
        """Close every connection and thread; running use cases end first."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()

    async def _take_place(self) -> None:
        _WAITING.inc()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise DatabaseDown("The service is overloaded. Please try again shortly.") from error
        finally:
            _WAITING.dec()
        _BUSY.inc()

    def _free_place(self, work: asyncio.Future[T]) -> None:
        _BUSY.dec()
        self._places.release()
        if not work.cancelled():
            work.exception()  # seen, also when nobody waits for it any more


def _commit(session: Session) -> None:
    try:
        session.commit()
    except OperationalError as error:
        if error.connection_invalidated:
            # whether the server has committed is not known, so the unit is not run again
            raise DatabaseDown from error
        raise


def _worth_another_try(error: DBAPIError) -> str:
    if getattr(error.orig, "pgcode", None) in {_SERIALIZATION_FAILURE, _DEADLOCK}:
        return "deadlock"
    return "connection" if error.connection_invalidated else ""


def _translated(error: DBAPIError) -> Exception:
    code = getattr(error.orig, "pgcode", None) or ""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated or code.startswith("57"):
        log.warning("database_unavailable", error=type(error.orig).__name__, pgcode=code)
        return DatabaseDown()
    return error
