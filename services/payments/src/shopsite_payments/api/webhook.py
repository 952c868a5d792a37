"""Where Paystack reports."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request

from shopsite_common.clock import utcnow
from shopsite_common.errors import PayloadTooLarge, ValidationFailed
from shopsite_common.openapi import documented
from shopsite_payments.deps.notices import work_soon
from shopsite_payments.deps.resources import Desk
from shopsite_payments.domain.webhooks import Notice, is_signed, read_notice
from shopsite_payments.errors import InvalidSignature
from shopsite_payments.schemas import WebhookReceived
from shopsite_payments.service.webhooks import store_webhook

router = APIRouter(tags=["payments"])

_EXAMPLE = {"event": "charge.success", "data": {"id": 4099260516, "status": "success", "reference": "re4lyvq3s3"}}
_BODY = {
    "required": True,
    "description": "Paystack's event. The signature is of these very bytes.",
    "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
}


@router.post(
    "/api/payment/webhook/",
    operation_id="receive_paystack_webhook",
    responses=documented(InvalidSignature, ValidationFailed, PayloadTooLarge),
    openapi_extra={"requestBody": _BODY},
)
async def receive_webhook(
    request: Request,
    desk: Desk,
    x_paystack_signature: Annotated[
        str | None, Header(description="HMAC-SHA512 of the raw body under the secret key, lower-case hex")
    ] = None,
) -> WebhookReceived:
    """Take an event from Paystack. It is stored, and worked on after the answer; repetitions are harmless."""
    body = await request.body()
    if not is_signed(body, x_paystack_signature, key=desk.settings.paystack_secret_key.get_secret_value()):
        raise InvalidSignature
    notice = _read(body)
    webhook_id = await desk.db.run(store_webhook, notice=notice, body=body, now=utcnow())
    if webhook_id is not None:
        work_soon(desk, webhook_id)
    return WebhookReceived()


def _read(body: bytes) -> Notice:
    try:
        notice = read_notice(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise ValidationFailed from error
    if notice is None:
        raise ValidationFailed.of(event="This field is required.")
    return notice
