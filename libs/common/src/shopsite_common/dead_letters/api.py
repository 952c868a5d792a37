"""A service's own dead letters over HTTP.

The gateway asks the portal, which asks every service under the same paths, with the admin's own token: so each service
looks at it itself, and the deed is recorded as the admin's.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from shopsite_common.auth import AdminUser, admin_user
from shopsite_common.dead_letters import service
from shopsite_common.dead_letters.schemas import EVENT_FORM, QUEUE_FORM, DeadLetterOut, ReplayOut, ReplayRequest
from shopsite_common.pagination import Page, Paging, page_of

PATH = "/api/admin/dead-letters"

QueueFilter = Annotated[str | None, Query(pattern=QUEUE_FORM, description="The queue it came from")]
EventFilter = Annotated[str | None, Query(pattern=EVENT_FORM, description="Its type: `orders.OrderCreated.v1`")]

router = APIRouter(prefix=PATH, include_in_schema=False)


@router.get("/", dependencies=[Depends(admin_user)])
async def list_dead_letters(
    request: Request, paging: Paging, queue: QueueFilter = None, event: EventFilter = None
) -> Page[DeadLetterOut]:
    """List the letters, newest first."""
    count, rows = await _db(request).run(service.list_letters, queue=queue, event=event, paging=paging)
    return page_of(request, paging, count, [DeadLetterOut.of(row) for row in rows])


@router.post("/replay/", status_code=202)
async def replay_dead_letters(request: Request, user: AdminUser, wanted: ReplayRequest | None = None) -> ReplayOut:
    """Send all letters back, or those of one queue."""
    own: str = request.app.state.resources.settings.service
    queue = wanted.queue if wanted else None
    count = await _db(request).run(service.replay_letters, queue=queue, actor_id=user.id, service=own)
    return ReplayOut(letters=count)


@router.get("/{letter_id}/", dependencies=[Depends(admin_user)])
async def get_dead_letter(request: Request, letter_id: UUID) -> DeadLetterOut:
    """Show one letter."""
    return DeadLetterOut.of(await _db(request).run(service.get_letter, letter_id=letter_id))


@router.post("/{letter_id}/replay/", status_code=202)
async def replay_dead_letter(request: Request, letter_id: UUID, user: AdminUser) -> DeadLetterOut:
    """Send one letter back to its queue."""
    found = await _db(request).run(service.replay_letter, letter_id=letter_id, actor_id=user.id)
    return DeadLetterOut.of(found)


@router.delete("/{letter_id}/", status_code=204)
async def drop_dead_letter(request: Request, letter_id: UUID, user: AdminUser) -> None:
    """Delete one letter for good."""
    await _db(request).run(service.drop_letter, letter_id=letter_id, actor_id=user.id)


def _db(request: Request) -> Any:
    return request.app.state.resources.db
