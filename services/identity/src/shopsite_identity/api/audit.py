"""The audit log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from shopsite_common.auth import AdminUser
from shopsite_common.errors import Forbidden, NotAuthenticated, NotFound, TooManyRequests
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_common.parameters import Moment
from shopsite_identity.deps import Own
from shopsite_identity.schemas.audit import AuditOut
from shopsite_identity.service import audit

router = APIRouter(tags=["audit"])


@router.get(
    "/api/admin/audit/",
    operation_id="list_audit",
    responses=documented(NotAuthenticated, Forbidden, NotFound, TooManyRequests),
)
async def list_audit(
    _user: AdminUser,
    request: Request,
    resources: Own,
    paging: Paging,
    actor: Annotated[UUID | None, Query(description="Who did it")] = None,
    action: Annotated[str | None, Query(max_length=100, description="What was done: `order.ship`")] = None,
    object_: Annotated[
        str | None,
        Query(alias="object", max_length=100, description="The identifier or the kind of what it was done to"),
    ] = None,
    at__gte: Moment | None = None,
    at__lte: Moment | None = None,
) -> Page[AuditOut]:
    """List what staff and admins did in any service, newest first."""
    count, rows = await resources.db.run(
        audit.list_deeds,
        actor=actor,
        action=action,
        object_=object_,
        since=at__gte,
        until=at__lte,
        offset=paging.offset,
        limit=paging.size,
    )
    paging.check(count)
    return page_of(request, paging, count, [AuditOut.model_validate(row) for row in rows])
