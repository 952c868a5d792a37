"""Beginning to pay."""

from fastapi import APIRouter, Request, Response

from shopsite_common.auth import CurrentUser
from shopsite_common.errors import IdempotencyKeyReused, NotAuthenticated, ValidationFailed
from shopsite_common.idempotency import Idempotent, RequestStillRunning
from shopsite_common.logs import about
from shopsite_common.openapi import documented
from shopsite_common.pagination import origin
from shopsite_payments.deps.paying import pay_order
from shopsite_payments.deps.resources import Desk
from shopsite_payments.errors import (
    AmountNotPayable,
    OrderAlreadyPaid,
    OrderNotPayable,
    PaymentBeingOpened,
    PaymentOnHold,
    PaymentRefused,
    PaystackUnavailable,
    UnknownOrder,
)
from shopsite_payments.schemas import AuthorizationOut, PayCreate, PayOut

router = APIRouter(tags=["payments"])


@router.post(
    "/api/pay/",
    operation_id="pay",
    response_model=PayOut,
    responses=documented(
        ValidationFailed,
        NotAuthenticated,
        UnknownOrder,
        OrderAlreadyPaid,
        OrderNotPayable,
        PaymentOnHold,
        AmountNotPayable,
        PaymentRefused,
        RequestStillRunning,
        IdempotencyKeyReused,
        PaystackUnavailable,
        PaymentBeingOpened,
    ),
)
async def pay(body: PayCreate, request: Request, user: CurrentUser, desk: Desk, idempotent: Idempotent) -> Response:
    """Begin to pay an order: the answer holds the page to which the customer's browser goes.

    Asked again for the same unpaid order, the same open transaction is given. Works at once after checkout.
    """
    callback_url = f"{origin(request, desk.settings.public_url)}/api/payment/callback/"

    async def operation() -> PayOut:
        about(order_id=body.order_id)
        opened = await pay_order(desk, order_id=body.order_id, customer_id=user.id, callback_url=callback_url)
        return PayOut(data=AuthorizationOut.model_validate(opened))

    return await idempotent.run(operation)
