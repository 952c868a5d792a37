"""``Idempotency-Key``: the first answer of a request is kept and given again to its repetitions.

After the IETF draft: per customer, for 24 hours; 2xx and 409 are kept, everything else may be tried anew. The row is
claimed by an insert, so of two at the same time one runs. A key whose run died is free again within a minute; what the
run did by then is guarded by its own writes.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, WithJsonSchema
from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, String, Table, Uuid, func, text
from sqlmodel import Session
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from shopsite_common.auth import CurrentUser
from shopsite_common.db import Database, DatabaseDown
from shopsite_common.errors import Conflict, IdempotencyKeyReused, ValidationFailed
from shopsite_common.logs import get_logger
from shopsite_common.problems import MEDIA_TYPE, render

log = get_logger(__name__)

metadata = MetaData()
keys = Table(
    "idempotency_keys",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, comment="NULL while the request runs"),
    Column("media_type", String(50)),
    Column("body", LargeBinary),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("ix_idempotency_keys_claimed_at", "claimed_at"),
)

# longer than any request lives (the gateway gives up after 30 s), and short enough that a client who tries again gets
# its order within a minute of the process's death
_DEAD_AFTER = timedelta(seconds=45)
_KEEP_TRIES_SECONDS = 10.0
_FREE_TRIES_SECONDS = 3.0
_MAX_KEY = 255
_KEY = rf'^("[ -~]{{1,{_MAX_KEY}}}"|[!#-~][ -~]{{0,{_MAX_KEY - 1}}})$'
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": _MAX_KEY + 2, "pattern": _KEY}

_CLAIM = text("""
    INSERT INTO idempotency_keys AS k (customer_id, key, fingerprint) VALUES (:customer_id, :key, :fingerprint)
    ON CONFLICT (customer_id, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, claimed_at = clock_timestamp()
        WHERE (k.status IS NULL AND k.claimed_at < clock_timestamp() - :dead_after)
           OR k.claimed_at < clock_timestamp() - :keep
    RETURNING claimed_at
""")


class RequestStillRunning(Conflict):
    """The first request with this key has no answer yet."""

    code = "request_still_running"
    message = "A request with this Idempotency-Key is still being worked on."


@dataclass(frozen=True)
class Answer:
    """What an operation answered."""

    status: int
    media_type: str
    body: bytes

    def respond(self, *, replayed: bool) -> Response:
        """Return the HTTP answer; a repetition says that it is one."""
        headers = {"Idempotency-Replayed": "true"} if replayed else {}
        return Response(self.body, self.status, headers, self.media_type)


def claim(session: Session, *, customer_id: UUID, key: str, fingerprint: bytes, keep: timedelta) -> datetime | Answer:
    """Claim a key for a run; return when it was claimed, which names the run, or the kept answer if there is one.

    Raises:
        RequestStillRunning: another run holds it.
        IdempotencyKeyReused: it belongs to another request.
    """
    values = {
        "customer_id": customer_id,
        "key": key,
        "fingerprint": fingerprint,
        "dead_after": _DEAD_AFTER,
        "keep": keep,
    }
    connection = session.connection()
    claimed_at: datetime | None = connection.execute(_CLAIM, values).scalar()
    if claimed_at is not None:
        return claimed_at
    row = connection.execute(keys.select().where(keys.c.customer_id == customer_id, keys.c.key == key)).one()
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if row.status is None:
        raise RequestStillRunning
    return Answer(row.status, row.media_type, row.body)


def keep_answer(session: Session, *, customer_id: UUID, key: str, claimed_at: datetime, answer: Answer | None) -> None:
    """Keep the answer of a run, or free its key with None; a run that lost its key to a newer one changes nothing."""
    where = (keys.c.customer_id == customer_id) & (keys.c.key == key) & (keys.c.claimed_at == claimed_at)
    if answer is None:
        session.connection().execute(keys.delete().where(where))
        return
    values = {"status": answer.status, "media_type": answer.media_type, "body": answer.body}
    session.connection().execute(keys.update().where(where).values(values))


def delete_expired(session: Session, *, keep: timedelta) -> int:
    """Delete answers that are too old to be given again; return how many."""
    statement = text("DELETE FROM idempotency_keys WHERE claimed_at < clock_timestamp() - :keep")
    return session.connection().execute(statement, {"keep": keep}).rowcount


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Delete every answer kept for an erased account."""
    session.connection().execute(keys.delete().where(keys.c.customer_id == customer_id))


class Idempotency:
    """Runs one request's operation at most once for its key; without a key it just runs it."""

    def __init__(
        self, db: Database, *, customer_id: UUID, key: str | None, fingerprint: bytes, keep: timedelta
    ) -> None:
        self._db = db
        self._customer_id = customer_id
        self._key = key
        self._fingerprint = fingerprint
        self._keep = keep

    async def run(self, operation: Callable[[], Awaitable[BaseModel]], *, status: int = HTTPStatus.OK) -> Response:
        """Return the operation's answer, or the first one of its kind.

        Args:
            operation: gives the body of the answer, or raises an error of ``errors.py``.
            status: the status of success.
        """
        if self._key is None:
            return _answer_of(await operation(), status).respond(replayed=False)
        found = await self._db.run(
            claim, customer_id=self._customer_id, key=self._key, fingerprint=self._fingerprint, keep=self._keep
        )
        if isinstance(found, Answer):
            return found.respond(replayed=True)
        return await self._run_claimed(self._key, found, operation, status)

    async def _run_claimed(
        self, key: str, claimed_at: datetime, operation: Callable[[], Awaitable[BaseModel]], status: int
    ) -> Response:
        answer: Answer | None = None
        try:
            answer = _answer_of(await operation(), status)
        except Conflict as error:
            answer = Answer(error.status, MEDIA_TYPE, bytes(render(error).body))
        finally:
            await self._keep_answer(key, claimed_at, answer)
        return answer.respond(replayed=False)

    async def _keep_answer(self, key: str, claimed_at: datetime, answer: Answer | None) -> None:
        """Keep the answer also when the database has just gone and comes back: the client must not wait for nothing.

        If it stays away the answer is given all the same: what was done is done, and the key frees itself.
        """
        tries = AsyncRetrying(
            retry=retry_if_exception_type(DatabaseDown),
            stop=stop_after_delay(_KEEP_TRIES_SECONDS if answer else _FREE_TRIES_SECONDS),
            wait=wait_fixed(0.5),
            reraise=True,
        )
        try:
            await tries(
                self._db.run, keep_answer, customer_id=self._customer_id, key=key, claimed_at=claimed_at, answer=answer
            )
        except DatabaseDown:
            log.warning("answer_not_kept")


def _answer_of(body: BaseModel, status: int) -> Answer:
    return Answer(status, "application/json", body.model_dump_json().encode())


async def read_idempotency(
    request: Request,
    user: CurrentUser,
    idempotency_key: Annotated[
        Annotated[str, WithJsonSchema(_KEY_SCHEMA)] | None,
        Header(description=f"Bare or quoted, at most {_MAX_KEY} characters; kept for 24 hours"),
    ] = None,
) -> Idempotency:
    """Return the runner for this request's key, customer and content."""
    resources = request.app.state.resources
    content = b"\n".join((request.method.encode(), request.url.path.encode(), _canonical(await request.body())))
    return Idempotency(
        resources.db,
        customer_id=user.id,
        key=_read_key(idempotency_key),
        fingerprint=hashlib.sha256(content).digest(),
        keep=timedelta(hours=resources.settings.idempotency_hours),
    )


Idempotent = Annotated[Idempotency, Depends(read_idempotency)]


def _canonical(body: bytes) -> bytes:
    # the same JSON written another way is the same request
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return body


def _read_key(header: str | None) -> str | None:
    if header is None:
        return None
    if not re.fullmatch(_KEY, header):
        raise ValidationFailed.of(idempotency_key=f"Must have 1 to {_MAX_KEY} printable characters of ASCII.")
    return header[1:-1] if header.startswith('"') else header
