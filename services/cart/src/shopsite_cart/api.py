"""The cart's endpoints: thin. A product that the copy does not know is asked of the catalog between transactions."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request

from shopsite_cart import errors, service
from shopsite_cart.clients import Catalog
from shopsite_cart.deps import CatalogClient, Currency, Db
from shopsite_cart.schemas import (
    AddToCart,
    CartItemCreate,
    CartItemOut,
    CartItemReplace,
    CartItemUpdate,
    CartOut,
    CartReplace,
    CartUpdate,
)
from shopsite_common.auth import CurrentUser, current_user
from shopsite_common.errors import NotAuthenticated
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of

router = APIRouter(tags=["cart"], dependencies=[Depends(current_user)], responses=documented(NotAuthenticated))
T = TypeVar("T")

_ADDING = documented(errors.ProductNotFound, errors.OutOfStock, errors.CartFull)
_CHANGING = documented(errors.CartNotFound, errors.ProductNotFound, errors.OutOfStock, errors.CartFull)
_LINE = documented(errors.ItemNotFound)
# only what looks like an id: `me` stays the cart's own path, with 405 for other methods
_ONE = "/api/cart/{cart_id:uuid}/"


async def with_catalog(catalog: Catalog, db: Db, use_case: Callable[[], Awaitable[T]]) -> T:
    """Run a use case; if it names products that the copy lacks, learn them from the catalog and run it again.

    Raises:
        ProductNotFound: the catalog doesn't know one either.
        Unavailable: the catalog does not answer.
    """
    try:
        return await use_case()
    except errors.ProductsUnknown as unknown:
        found = await asyncio.gather(*(catalog.get_product(product_id) for product_id in unknown.product_ids))
        for product in found:
            await db.run(service.keep_product, product=service.ProductState(**product.model_dump()))
    return await use_case()


@router.get("/api/cart/", operation_id="list_carts", responses=documented(errors.CartNotFound))
async def list_carts(request: Request, user: CurrentUser, paging: Paging, db: Db, currency: Currency) -> Page[CartOut]:
    """List the customer's carts: the one active cart."""
    cart = await db.run(service.get_own_cart, customer_id=user.id)
    paging.check(1)
    return page_of(request, paging, 1, [CartOut.of(cart, currency=currency)])


@router.get("/api/cart/me/", operation_id="get_own_cart")
async def get_own_cart(user: CurrentUser, db: Db, currency: Currency) -> CartOut:
    """Return the customer's active cart; it is made on first use."""
    return CartOut.of(await db.run(service.get_own_cart, customer_id=user.id), currency=currency)


@router.get(_ONE, operation_id="get_cart", responses=documented(errors.CartNotFound))
async def get_cart(cart_id: UUID, user: CurrentUser, db: Db, currency: Currency) -> CartOut:
    """Return the cart of that id, which is the customer's own."""
    return CartOut.of(await db.run(service.get_cart, customer_id=user.id, cart_id=cart_id), currency=currency)


@router.put(_ONE, operation_id="replace_cart", responses=_CHANGING)
async def replace_cart(
    cart_id: UUID, body: CartReplace, user: CurrentUser, db: Db, catalog: CatalogClient, currency: Currency
) -> CartOut:
    """Make the cart hold exactly these products and quantities."""
    quantities = {item.product: item.quantity for item in body.items}
    cart = await with_catalog(
        catalog,
        db,
        lambda: db.run(service.replace_items, customer_id=user.id, cart_id=cart_id, quantities=quantities),
    )
    return CartOut.of(cart, currency=currency)


@router.patch(_ONE, operation_id="update_cart", responses=_CHANGING)
async def update_cart(
    cart_id: UUID, body: CartUpdate, user: CurrentUser, db: Db, catalog: CatalogClient, currency: Currency
) -> CartOut:
    """Set the quantities of the products named; 0 takes one out, the others stay as they are."""
    quantities = {item.product: item.quantity for item in body.items}
    cart = await with_catalog(
        catalog,
        db,
        lambda: db.run(service.change_items, customer_id=user.id, cart_id=cart_id, quantities=quantities),
    )
    return CartOut.of(cart, currency=currency)


@router.delete(
    _ONE,
    operation_id="empty_cart",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(errors.CartNotFound),
)
async def empty_cart(cart_id: UUID, user: CurrentUser, db: Db) -> None:
    """Take everything out of the cart."""
    await db.run(service.empty_cart, customer_id=user.id, cart_id=cart_id)


@router.get("/api/cart-items/", operation_id="list_cart_items", responses=documented(errors.CartNotFound))
async def list_cart_items(
    request: Request, user: CurrentUser, paging: Paging, db: Db, currency: Currency
) -> Page[CartItemOut]:
    """List the lines of the customer's cart, in the order in which they were added."""
    lines = (await db.run(service.get_own_cart, customer_id=user.id)).lines
    paging.check(len(lines))
    shown = lines[paging.offset : paging.offset + paging.size]
    return page_of(request, paging, len(lines), [CartItemOut.alone(line, currency=currency) for line in shown])


@router.post("/api/cart-items/", operation_id="add_cart_item", status_code=HTTPStatus.CREATED, responses=_ADDING)
async def add_cart_item(
    body: CartItemCreate, user: CurrentUser, db: Db, catalog: CatalogClient, currency: Currency
) -> CartItemOut:
    """Put a product into the cart; the same product again adds up."""
    cart = await with_catalog(
        catalog,
        db,
        lambda: db.run(service.add_product, customer_id=user.id, product_id=body.product, quantity=body.quantity),
    )
    return CartItemOut.alone(next(line for line in cart.lines if line.product_id == body.product), currency=currency)


@router.get("/api/cart-items/{item_id}/", operation_id="get_cart_item", responses=_LINE)
async def get_cart_item(item_id: UUID, user: CurrentUser, db: Db, currency: Currency) -> CartItemOut:
    """Return one line of the customer's cart."""
    return CartItemOut.alone(await db.run(service.get_item, customer_id=user.id, item_id=item_id), currency=currency)


@router.put(
    "/api/cart-items/{item_id}/",
    operation_id="replace_cart_item",
    responses=documented(errors.ItemNotFound, errors.OutOfStock),
)
async def replace_cart_item(
    item_id: UUID, body: CartItemReplace, user: CurrentUser, db: Db, currency: Currency
) -> CartItemOut:
    """Set a line's quantity."""
    line = await db.run(service.set_item_quantity, customer_id=user.id, item_id=item_id, quantity=body.quantity)
    return CartItemOut.alone(line, currency=currency)


@router.patch(
    "/api/cart-items/{item_id}/",
    operation_id="update_cart_item",
    responses=documented(errors.ItemNotFound, errors.OutOfStock),
)
async def update_cart_item(
    item_id: UUID, body: CartItemUpdate, user: CurrentUser, db: Db, currency: Currency
) -> CartItemOut:
    """Set a line's quantity, if one is given."""
    if not body.given():
        return await get_cart_item(item_id, user, db, currency)
    line = await db.run(service.set_item_quantity, customer_id=user.id, item_id=item_id, quantity=body.quantity)
    return CartItemOut.alone(line, currency=currency)


@router.delete(
    "/api/cart-items/{item_id}/",
    operation_id="remove_cart_item",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_LINE,
)
async def remove_cart_item(item_id: UUID, user: CurrentUser, db: Db) -> None:
    """Take a line out of the cart."""
    await db.run(service.remove_item, customer_id=user.id, item_id=item_id)


@router.post("/api/products/{product_id}/add_to_cart/", operation_id="add_to_cart", responses=_ADDING)
async def add_to_cart(
    product_id: UUID,
    user: CurrentUser,
    db: Db,
    catalog: CatalogClient,
    currency: Currency,
    body: Annotated[AddToCart | None, Body(description="How many; 1 without a body")] = None,
) -> CartOut:
    """Add a product to the cart, and return the cart."""
    quantity = (body or AddToCart()).quantity
    cart = await with_catalog(
        catalog,
        db,
        lambda: db.run(service.add_product, customer_id=user.id, product_id=product_id, quantity=quantity),
    )
    return CartOut.of(cart, currency=currency)


@router.delete(
    "/api/products/{product_id}/remove_from_cart/",
    operation_id="remove_from_cart",
    responses=_LINE,
)
async def remove_from_cart(product_id: UUID, user: CurrentUser, db: Db, currency: Currency) -> CartOut:
    """Take a product out of the cart, and return the cart."""
    cart = await db.run(service.remove_product, customer_id=user.id, product_id=product_id)
    return CartOut.of(cart, currency=currency)
