"""The dead letters of the whole shop: each service keeps its own, and is asked with the admin's own token."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Request

from shopsite_common import context
from shopsite_common.auth import AdminUser
from shopsite_common.dead_letters.api import PATH, EventFilter, QueueFilter
from shopsite_common.dead_letters.errors import LetterNotFound, LetterUnderWay
from shopsite_common.dead_letters.schemas import DeadLetterOut, ReplayOut, ReplayRequest
from shopsite_common.errors import Forbidden, NotAuthenticated, NotFound, ShopError, Unavailable, ValidationFailed
from shopsite_common.logs import get_logger
from shopsite_common.openapi import documented
from shopsite_common.pagination import MAX_SIZE, Page, PageRequest, Paging, page_of
from shopsite_common.tokens import Principal

log = get_logger(__name__)

_ADMINS_ONLY = (NotAuthenticated, Forbidden)
_REFUSALS: Mapping[int, type[ShopError]] = {401: NotAuthenticated, 403: Forbidden}
_ANSWERS = (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT)


class DeadLetters:
    """Asks the services, and makes one answer of theirs.

    Args:
        http: the client to ask with.
        urls: the services' base URLs by name.
    """

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str]) -> None:
        self._http = http
        self._urls = urls

    async def list_letters(
        self, user: Principal, *, queue: str | None, event: str | None, paging: PageRequest
    ) -> tuple[int, list[DeadLetterOut]]:
        """Return how many letters match, and one page of them, newest first.

        Raises:
            Unavailable: a service does not answer, so the list would be a lie; ``queue`` asks its service alone.
        """
        filters = {name: value for name, value in (("queue", queue), ("event", event)) if value}
        wanted = paging.offset + paging.size
        parts = await asyncio.gather(*(self._newest(name, user, filters, wanted) for name in self._keepers(queue)))
        letters = [letter for _, found in parts for letter in found]
        letters.sort(key=lambda letter: (letter.died_at, letter.id), reverse=True)
        return sum(count for count, _ in parts), letters[paging.offset : wanted]

    async def of_one(self, method: str, path: str, user: Principal) -> httpx.Response:
        """Return the answer of the service that keeps the letter, whatever its status.

        Raises:
            LetterNotFound: every service says that it has no such letter.
            Unavailable: none has it, and one does not answer.
        """
        answers = await asyncio.gather(
            *(self._ask(name, method, path, user) for name in self._urls), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, httpx.Response) and answer.status_code != httpx.codes.NOT_FOUND:
                return answer
        raise next((answer for answer in answers if isinstance(answer, BaseException)), LetterNotFound())

    async def replay_all(self, user: Principal, queue: str | None) -> int:
        """Have every service send its letters back, or one those of a queue; return how many go.

        Raises:
            Unavailable: a service does not answer; the others have done it, and asking again does no harm.
        """
        body = {"queue": queue} if queue else {}

        async def replay(name: str) -> int:
            answer = await self._ask(name, "POST", "/replay/", user, json=body)
            return ReplayOut.model_validate_json(answer.content).letters

        return sum(await asyncio.gather(*(replay(name) for name in self._keepers(queue))))

    def _keepers(self, queue: str | None) -> Sequence[str]:
        return [queue.partition(".")[0]] if queue else list(self._urls)

    async def _newest(
        self, name: str, user: Principal, filters: Mapping[str, str], wanted: int
    ) -> tuple[int, list[DeadLetterOut]]:
        """Return how many letters a service has, and the newest ``wanted`` of them."""
        found: list[DeadLetterOut] = []
        for number in range(1, -(-wanted // MAX_SIZE) + 1):
            params = {**filters, "page": str(number), "page_size": str(min(wanted, MAX_SIZE))}
            answer = await self._ask(name, "GET", "/", user, params=params)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return len(found), found  # letters have gone since the page before
            page = Page[DeadLetterOut].model_validate_json(answer.content)
            found += page.results
            if len(found) >= page.count:
                break
        return page.count, found

    async def _ask(self, name: str, method: str, path: str, user: Principal, **kwargs: Any) -> httpx.Response:
        """Return a service's answer: it did so, there is no such letter, or the letter's state forbids it.

        Raises:
            Unavailable: it has none of these.
            NotAuthenticated, Forbidden: it does not let the admin in, whose token has just ended.
        """
        headers = {
            "Authorization": f"Bearer {user.token}",
            "X-Request-ID": context.request_id.get(),
            "traceparent": context.traceparent.get(),
        }
        try:
            answer = await self._http.request(method, f"{self._urls[name]}{PATH}{path}", headers=headers, **kwargs)
        except httpx.HTTPError as error:
            log.warning("letters_unavailable", service=name, error=type(error).__name__)
            raise _away(name) from error
        if refusal := _REFUSALS.get(answer.status_code):
            raise refusal
        if answer.is_success or answer.status_code in _ANSWERS:
            return answer
        log.warning("letters_refused", service=name, status=answer.status_code)
        raise _away(name)


def _away(name: str) -> Unavailable:
    return Unavailable(f"{name} is not available right now. Please try again shortly.", details={"service": name})


def dead_letters_router(letters: DeadLetters) -> APIRouter:
    """Return the routes under ``/api/admin/dead-letters/``."""
    router = APIRouter(prefix=PATH, tags=["Shop"])

    @router.get(
        "/",
        operation_id="list_dead_letters",
        summary="Messages that no handler could take",
        responses=documented(ValidationFailed, *_ADMINS_ONLY, NotFound, Unavailable),
    )
    async def list_dead_letters(
        request: Request, user: AdminUser, paging: Paging, queue: QueueFilter = None, event: EventFilter = None
    ) -> Page[DeadLetterOut]:
        """List them, newest first. Answers 503 while a service is away, unless `queue` names another one's queue."""
        count, found = await letters.list_letters(user, queue=queue, event=event, paging=paging)
        paging.check(count)
        return page_of(request, paging, count, found)

    @router.post(
        "/replay/",
        operation_id="replay_dead_letters",
        summary="Replay all dead letters, or those of one queue",
        status_code=202,
        responses=documented(ValidationFailed, *_ADMINS_ONLY, Unavailable),
    )
    async def replay_dead_letters(user: AdminUser, wanted: ReplayRequest | None = None) -> ReplayOut:
        """Each goes back to the queue that it came from, with all its attempts anew, and no other service sees it."""
        return ReplayOut(letters=await letters.replay_all(user, wanted.queue if wanted else None))

    @router.get(
        "/{letter_id:uuid}/",
        operation_id="get_dead_letter",
        summary="One dead letter",
        responses=documented(*_ADMINS_ONLY, LetterNotFound, Unavailable),
    )
    async def get_dead_letter(letter_id: UUID, user: AdminUser) -> DeadLetterOut:
        """Show it, personal data masked."""
        return DeadLetterOut.model_validate_json((await letters.of_one("GET", f"/{letter_id}/", user)).content)

    @router.post(
        "/{letter_id:uuid}/replay/",
        operation_id="replay_dead_letter",
        summary="Replay one dead letter",
        status_code=202,
        responses=documented(*_ADMINS_ONLY, LetterNotFound, Unavailable),
    )
    async def replay_dead_letter(letter_id: UUID, user: AdminUser) -> DeadLetterOut:
        """It goes back to the queue that it came from, with all its attempts anew; had it an effect, none follows."""
        answer = await letters.of_one("POST", f"/{letter_id}/replay/", user)
        return DeadLetterOut.model_validate_json(answer.content)

    @router.delete(
        "/{letter_id:uuid}/",
        operation_id="drop_dead_letter",
        summary="Drop one dead letter",
        status_code=204,
        responses=documented(*_ADMINS_ONLY, LetterNotFound, LetterUnderWay, Unavailable),
    )
    async def drop_dead_letter(letter_id: UUID, user: AdminUser) -> None:
        """It is gone for good."""
        if (await letters.of_one("DELETE", f"/{letter_id}/", user)).status_code == httpx.codes.CONFLICT:
            raise LetterUnderWay

    return router
