"""Products: lists and details, which are cached, and what staff do with them."""

from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlmodel import Session

from shopsite_catalog.api.answers import answer, conditional, key_of, page_document
from shopsite_catalog.api.hot_reads import remember
from shopsite_catalog.api.parameters import ANYBODY, FILTERS, IF_NONE_MATCH, NOT_MODIFIED, PAGING
from shopsite_catalog.deps import LIST_VERSION, CatalogResources, ForAnybody, Own, detail_version
from shopsite_catalog.domain.listing import ProductQuery, read_query
from shopsite_catalog.schemas.products import ProductCreate, ProductOut, ProductReplace, ProductUpdate, answer_of
from shopsite_catalog.service import products
from shopsite_common.auth import StaffUser
from shopsite_common.cache import CachedBody
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailed,
)
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, origin

router = APIRouter(tags=["products"])

_WRITING = (NotAuthenticated, Forbidden, ValidationFailed, PayloadTooLarge, UnsupportedMediaType, TooManyRequests)
IfMatch = Annotated[str | None, Header(description="The ETag of the product as it was read; outdated: 412")]


def asked_of(request: Request) -> ProductQuery:
    """Return what the request's query string asks for."""
    return read_query(parse_qsl(request.url.query, keep_blank_values=True))


def finished_list(session: Session, *, query: ProductQuery, path: str, currency: str) -> CachedBody:
    """Return a page's finished body, in the thread that reads it: what the event loop does all others wait for."""
    count, results = products.list_products(session, query=query, currency=currency)
    return answer_of(page_document(query, path, count, results))


@router.get(
    "/api/products/",
    operation_id="list_products",
    response_model=Page[ProductOut],
    responses={**documented(ValidationFailed, NotAuthenticated, NotFound, TooManyRequests), **NOT_MODIFIED},
    openapi_extra={"security": ANYBODY, "parameters": [*FILTERS, *PAGING, *IF_NONE_MATCH]},
)
async def list_products(request: Request, own: ForAnybody) -> Response:
    """List products on sale: filtered, searched, ordered, in pages. The answer carries an ETag."""
    query = asked_of(request)
    path = f"{origin(request, own.settings.public_url)}/api/products/"

    async def make() -> CachedBody:
        return await own.db.run(finished_list, query=query, path=path, currency=own.settings.shop_currency)

    key = key_of("products", query, path)
    remember(request, key, LIST_VERSION)
    return conditional(request, await own.answers.read(key, LIST_VERSION, make))


@router.post(
    "/api/products/",
    operation_id="create_product",
    status_code=201,
    response_model=ProductOut,
    responses=documented(*_WRITING),
)
async def create_product(body: ProductCreate, user: StaffUser, own: Own) -> Response:
    """Put a product on sale."""
    product_id, made = await own.db.run(
        products.create_product, values=body.model_dump(), actor=user.id, currency=own.settings.shop_currency
    )
    await own.touch(product_id)
    return answer(made, status=201, headers={"Location": f"/api/products/{product_id}/"})


@router.get(
    "/api/products/{product_id}/",
    operation_id="get_product",
    response_model=ProductOut,
    responses={**documented(NotAuthenticated, NotFound, TooManyRequests), **NOT_MODIFIED},
    openapi_extra={"security": ANYBODY, "parameters": IF_NONE_MATCH},
)
async def get_product(request: Request, product_id: UUID, own: ForAnybody) -> Response:
    """Return a product. The answer carries an ETag."""

    async def make() -> CachedBody:
        return await own.db.run(products.get_product, product_id=product_id, currency=own.settings.shop_currency)

    key, version_key = f"product:detail:{product_id}", detail_version(product_id)
    remember(request, key, version_key)
    return conditional(request, await own.answers.read(key, version_key, make))


@router.put(
    "/api/products/{product_id}/",
    operation_id="replace_product",
    response_model=ProductOut,
    responses=documented(*_WRITING, NotFound, PreconditionFailed),
)
async def replace_product(
    product_id: UUID, body: ProductReplace, user: StaffUser, own: Own, if_match: IfMatch = None
) -> Response:
    """Replace a product. Without ``stock`` its stock stays as it is."""
    return await _changed(own, product_id, body, user.id, if_match)


@router.patch(
    "/api/products/{product_id}/",
    operation_id="update_product",
    response_model=ProductOut,
    responses=documented(*_WRITING, NotFound, PreconditionFailed),
)
async def update_product(
    product_id: UUID, body: ProductUpdate, user: StaffUser, own: Own, if_match: IfMatch = None
) -> Response:
    """Change some fields of a product."""
    return await _changed(own, product_id, body, user.id, if_match)


async def _changed(
    own: CatalogResources, product_id: UUID, body: ProductReplace | ProductUpdate, actor: UUID, if_match: str | None
) -> Response:
    changed = await own.db.run(
        products.update_product,
        product_id=product_id,
        changes=body.given(),
        actor=actor,
        currency=own.settings.shop_currency,
        if_match=if_match,
    )
    await own.touch(product_id)
    return answer(changed)


@router.delete(
    "/api/products/{product_id}/",
    operation_id="delete_product",
    status_code=204,
    responses=documented(NotAuthenticated, Forbidden, NotFound, PreconditionFailed, TooManyRequests),
)
async def delete_product(product_id: UUID, user: StaffUser, own: Own, if_match: IfMatch = None) -> None:
    """Take a product off sale. Past orders keep its name and price."""
    await own.db.run(
        products.delete_product,
        product_id=product_id,
        actor=user.id,
        currency=own.settings.shop_currency,
        if_match=if_match,
    )
    await own.touch(product_id)
