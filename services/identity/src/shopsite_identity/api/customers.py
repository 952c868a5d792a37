"""Customers' administration."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from shopsite_common.auth import AdminUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
)
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_identity.api.answers import refuse_weak, renewed_customer
from shopsite_identity.deps import Own
from shopsite_identity.errors import CustomerNotFound, LastAdmin, OwnAccount
from shopsite_identity.schemas.people import (
    CustomerCreate,
    CustomerOrdering,
    CustomerOut,
    CustomerReplace,
    CustomerUpdate,
    Role,
)
from shopsite_identity.service import customers

router = APIRouter(tags=["customers"])

_GUARDED = (NotAuthenticated, Forbidden, TooManyRequests)
_WRITES = (*_GUARDED, UnsupportedMediaType, PayloadTooLarge)


@router.get("/api/admin/customers/", operation_id="list_customers", responses=documented(*_GUARDED, NotFound))
async def list_customers(
    _user: AdminUser,
    request: Request,
    resources: Own,
    paging: Paging,
    search: Annotated[str | None, Query(max_length=200, description="Words in a name or the address")] = None,
    role: Role | None = None,
    is_active: Annotated[bool | None, Query()] = None,
    ordering: CustomerOrdering = "-created_at",
) -> Page[CustomerOut]:
    """List accounts, the newest first unless ordered otherwise."""
    count, rows = await resources.db.run(
        customers.list_customers,
        search=search,
        role=role,
        is_active=is_active,
        ordering=ordering,
        offset=paging.offset,
        limit=paging.size,
    )
    paging.check(count)
    return page_of(request, paging, count, [CustomerOut.model_validate(row) for row in rows])


@router.post(
    "/api/admin/customers/",
    operation_id="create_customer",
    status_code=HTTPStatus.CREATED,
    responses=documented(*_WRITES),
)
async def create_customer(body: CustomerCreate, user: AdminUser, resources: Own) -> CustomerOut:
    """Make an account of any role. A welcome e-mail follows."""
    refuse_weak(body.password, body)
    password_hash = await resources.passwords.hash(body.password)
    account = await resources.db.run(
        customers.create_customer,
        actor_id=user.id,
        details=body.person(),
        password_hash=password_hash,
        role=body.role,
        is_active=body.is_active,
        now=utcnow(),
    )
    return await renewed_customer(resources, account)


@router.get(
    "/api/admin/customers/{customer_id}/",
    operation_id="get_customer",
    responses=documented(*_GUARDED, CustomerNotFound),
)
async def get_customer(customer_id: UUID, _user: AdminUser, resources: Own) -> CustomerOut:
    """Return an account."""
    account = await resources.db.run(customers.get_customer, customer_id=customer_id)
    return CustomerOut.model_validate(account)


@router.put(
    "/api/admin/customers/{customer_id}/",
    operation_id="replace_customer",
    responses=documented(*_WRITES, CustomerNotFound, OwnAccount, LastAdmin),
)
async def replace_customer(customer_id: UUID, body: CustomerReplace, user: AdminUser, resources: Own) -> CustomerOut:
    """Change an account; address and names are required. Another role or state ends its sessions."""
    return await _change(customer_id, body, user, resources)


@router.patch(
    "/api/admin/customers/{customer_id}/",
    operation_id="update_customer",
    responses=documented(*_WRITES, CustomerNotFound, OwnAccount, LastAdmin),
)
async def update_customer(customer_id: UUID, body: CustomerUpdate, user: AdminUser, resources: Own) -> CustomerOut:
    """Change any part of an account. Another role or state ends its sessions."""
    return await _change(customer_id, body, user, resources)


@router.delete(
    "/api/admin/customers/{customer_id}/",
    operation_id="erase_customer",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(*_GUARDED, CustomerNotFound, OwnAccount, LastAdmin),
)
async def erase_customer(customer_id: UUID, user: AdminUser, resources: Own) -> Response:
    """Erase an account: what is personal is taken from every service, orders and payments stay."""
    version = await resources.db.run(customers.erase_customer, actor_id=user.id, customer_id=customer_id, now=utcnow())
    await resources.profiles.put(customer_id, version, b"")
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _change(customer_id: UUID, body: CustomerReplace, user: AdminUser, resources: Own) -> CustomerOut:
    account = await resources.db.run(
        customers.update_customer, actor_id=user.id, customer_id=customer_id, changes=body.given(), now=utcnow()
    )
    return await renewed_customer(resources, account)
