"""Where the customer comes back from Paystack's page. The visit proves nothing: the payment is verified."""

import asyncio
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from shopsite_common.errors import Unavailable, ValidationFailed
from shopsite_common.logs import get_logger
from shopsite_common.openapi import documented
from shopsite_payments.api import callback_page
from shopsite_payments.deps.resources import Desk, PaymentsResources
from shopsite_payments.deps.settling import settle
from shopsite_payments.errors import UnknownReference
from shopsite_payments.schemas import CallbackOut
from shopsite_payments.service.settlement import Standing, get_standing

router = APIRouter(tags=["payments"])
log = get_logger(__name__)

_SECONDS = 6.0


@router.get(
    "/api/payment/callback/",
    operation_id="payment_callback",
    response_model=CallbackOut,
    responses={
        **documented(ValidationFailed, UnknownReference),
        200: {"description": "How the payment stands", "content": {"text/html": {"schema": {"type": "string"}}}},
        302: {"description": "To the shop's own page, with `reference` and `status`, where one is set"},
    },
)
async def payment_callback(
    request: Request,
    desk: Desk,
    reference: Annotated[
        str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Of the transaction, as Paystack sends it")
    ],
) -> Response:
    """Verify a payment with Paystack and tell how it stands: by redirect, as JSON, or as a page for a browser."""
    standing = await _look(desk, reference)
    if desk.settings.shop_return_url:
        return RedirectResponse(_return_url(desk.settings.shop_return_url, standing), HTTPStatus.FOUND)
    if _prefers_html(request.headers.get("accept", "")):
        page = callback_page.render(standing.status, reference=standing.reference, shop=desk.settings.shop_name)
        return HTMLResponse(page, headers=callback_page.HEADERS)
    body = CallbackOut(reference=standing.reference, status=standing.status, order_id=standing.order_id)
    return Response(body.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


async def _look(desk: PaymentsResources, reference: str) -> Standing:
    """Settle, but don't let the customer wait for a slow Paystack: what is known by then is shown."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await settle(desk, reference, "callback")
    except (Unavailable, TimeoutError) as error:
        log.warning("callback_unverified", reference=reference, error=type(error).__name__)
        return await desk.db.run(get_standing, reference=reference)


def _return_url(shop_page: str, standing: Standing) -> str:
    parts = urlsplit(shop_page)
    query = [*parse_qsl(parts.query), ("reference", standing.reference), ("status", standing.status.value)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _prefers_html(accept: str) -> bool:
    return _quality(accept, "text/html") > _quality(accept, "application/json")


def _quality(accept: str, wanted: str) -> float:
    """Return how much a media type is wanted; the most specific range of the header counts (RFC 9110, 12.5.1)."""
    ranges = {wanted: 2, f"{wanted.partition('/')[0]}/*": 1, "*/*": 0}
    found = [(-1, 1.0 if not accept else 0.0)]
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if kind in ranges:
            found.append((ranges[kind], _weight(parameters)))
    return max(found)[1]


def _weight(parameters: list[str]) -> float:
    value = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
