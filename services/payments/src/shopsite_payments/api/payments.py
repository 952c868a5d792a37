"""Payments read, and refunded by admins."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from shopsite_common.auth import AdminUser, CurrentUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import Forbidden, IdempotencyKeyReused, NotAuthenticated, NotFound, ValidationFailed
from shopsite_common.idempotency import Idempotent, RequestStillRunning
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_common.tokens import Principal
from shopsite_payments.deps.resources import Desk
from shopsite_payments.domain.payments import PaymentStatus
from shopsite_payments.errors import NotRefundable, RefundTooLarge, UnknownPayment
from shopsite_payments.repository.payments import PaymentFilter
from shopsite_payments.schemas import PaymentOut, RefundCreate
from shopsite_payments.service import queries
from shopsite_payments.service.refunds import refund_payment

router = APIRouter(tags=["payments"])

# only what looks like an id: the webhook's and the callback's paths stay theirs, with 405 for other methods
_ONE = "/api/payment/{payment_id:uuid}/"


@router.get(
    "/api/payment/",
    operation_id="list_payments",
    responses=documented(ValidationFailed, NotAuthenticated, NotFound),
)
async def list_payments(
    request: Request,
    user: CurrentUser,
    desk: Desk,
    paging: Paging,
    status: Annotated[PaymentStatus | None, Query(description="Only payments in this state")] = None,
    order: Annotated[UUID | None, Query(description="Only the payment of this order")] = None,
) -> Page[PaymentOut]:
    """Return one's own payments, newest first; an admin sees everybody's."""
    wanted = PaymentFilter(customer_id=_owner(user), status=status, order_id=order)
    count, results = await desk.db.run(queries.list_payments, wanted=wanted, paging=paging)
    return page_of(request, paging, count, results)


@router.get(
    _ONE,
    operation_id="get_payment",
    responses=documented(NotAuthenticated, UnknownPayment),
)
async def get_payment(payment_id: UUID, user: CurrentUser, desk: Desk) -> PaymentOut:
    """Return a payment of one's own; an admin sees any."""
    return await desk.db.run(queries.get_payment, payment_id=payment_id, customer_id=_owner(user))


def _owner(user: Principal) -> UUID | None:
    return None if user.is_admin else user.id


@router.post(
    f"{_ONE}refund/",
    operation_id="refund_payment",
    status_code=HTTPStatus.ACCEPTED,
    response_model=PaymentOut,
    responses=documented(
        ValidationFailed,
        NotAuthenticated,
        Forbidden,
        UnknownPayment,
        NotRefundable,
        RefundTooLarge,
        RequestStillRunning,
        IdempotencyKeyReused,
    ),
)
async def refund(
    payment_id: UUID, user: AdminUser, desk: Desk, idempotent: Idempotent, body: RefundCreate | None = None
) -> Response:
    """Give back all that is left of a payment, or a part of it. The refund is under way with this answer."""
    wanted = body or RefundCreate()

    async def operation() -> PaymentOut:
        await desk.db.run(
            refund_payment,
            payment_id=payment_id,
            amount=wanted.amount,
            note=wanted.reason,
            actor_id=user.id,
            now=utcnow(),
        )
        return await desk.db.run(queries.get_payment, payment_id=payment_id)

    return await idempotent.run(operation, status=HTTPStatus.ACCEPTED)
