"""Stock, for staff."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from shopsite_catalog.api.answers import page_document
from shopsite_catalog.api.parameters import PAGING
from shopsite_catalog.api.products import asked_of
from shopsite_catalog.deps import Own
from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.errors import StockOutOfRange
from shopsite_catalog.schemas.products import ProductOut, answer_of
from shopsite_catalog.schemas.stock import MovementOut, StockChange, StockOut
from shopsite_catalog.service import products, stock
from shopsite_common.auth import StaffUser
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailed,
)
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, origin, page_of

router = APIRouter(tags=["stock"])

_READING = (NotAuthenticated, Forbidden, NotFound, ValidationFailed, TooManyRequests)


@router.post(
    "/api/products/{product_id}/stock/",
    operation_id="adjust_stock",
    responses=documented(*_READING, StockOutOfRange, PayloadTooLarge, UnsupportedMediaType),
)
async def adjust_stock(product_id: UUID, body: StockChange, user: StaffUser, own: Own) -> StockOut:
    """Correct the stock of a product by a difference, with a reason."""
    level = await own.db.run(
        stock.adjust_stock, product_id=product_id, delta=body.delta, reason=body.reason, actor=user.id
    )
    await own.touch(product_id)
    return StockOut(stock=level)


@router.get("/api/products/{product_id}/stock/", operation_id="list_stock_movements", responses=documented(*_READING))
async def list_stock_movements(
    request: Request, product_id: UUID, _user: StaffUser, paging: Paging, own: Own
) -> Page[MovementOut]:
    """List every change of a product's stock, newest first."""
    count, rows = await own.db.run(stock.list_movements, product_id=product_id, paging=paging)
    return page_of(request, paging, count, [MovementOut.model_validate(row) for row in rows])


@router.get(
    "/api/admin/inventory/low/",
    operation_id="list_low_stock",
    response_model=Page[ProductOut],
    responses=documented(*_READING),
    openapi_extra={"parameters": PAGING},
)
async def list_low_stock(request: Request, _user: StaffUser, own: Own) -> Response:
    """List products at or under their threshold, the scarcest first."""
    asked = asked_of(request)
    query = ProductQuery(page=asked.page, size=asked.size, pairs=(("page_size", str(asked.size)),))
    count, results = await own.db.run(products.list_low_stock, query=query, currency=own.settings.shop_currency)
    path = f"{origin(request, own.settings.public_url)}/api/admin/inventory/low/"
    return Response(answer_of(page_document(query, path, count, results)).body, media_type="application/json")
