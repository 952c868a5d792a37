"""Use cases of the cart: each is one transaction.

Every change begins by taking hold of the cart's row, so what is counted or compared after that stands until the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from shopsite_cart import repository
from shopsite_cart.domain import MAX_LINES, MAX_QUANTITY, CartView, Line, shortage
from shopsite_cart.errors import (
    CartFull,
    CartNotFound,
    ItemNotFound,
    OutOfStock,
    ProductNotFound,
    ProductsUnknown,
    TooMany,
)
from shopsite_common.clock import utcnow


@dataclass(frozen=True)
class ProductState:
    """A product's whole state as the catalog tells it; ``sequence`` says how new that is."""

    product_id: UUID
    name: str
    price: Decimal
    image_url: str | None
    stock: int
    sequence: int


def get_own_cart(session: Session, *, customer_id: UUID) -> CartView:
    """Return the customer's cart, made on first use."""
    cart = repository.find_cart(session, customer_id=customer_id)
    if cart is None:
        repository.make_cart(session, customer_id=customer_id, now=utcnow())
        cart = repository.find_cart(session, customer_id=customer_id)
    if cart is None:  # pragma: no cover - the row was just made, in this transaction
        raise CartNotFound
    return cart


def get_cart(session: Session, *, customer_id: UUID, cart_id: UUID) -> CartView:
    """Return the cart of that id.

    Raises:
        CartNotFound: there is none, or it is somebody else's.
    """
    cart = repository.find_cart(session, customer_id=customer_id)
    if cart is None or cart.id != cart_id:
        raise CartNotFound
    return cart


def get_item(session: Session, *, customer_id: UUID, item_id: UUID) -> Line:
    """Return a line of the customer's cart.

    Raises:
        ItemNotFound: there is none such.
    """
    return _line_of(repository.find_cart(session, customer_id=customer_id), item_id)


def add_product(session: Session, *, customer_id: UUID, product_id: UUID, quantity: int) -> CartView:
    """Add so many of a product to the customer's cart, and return the cart.

    Raises:
        ProductsUnknown: the copy lacks it; ask the catalog.
        ProductNotFound: it is no longer sold.
        TooMany: the line would hold more than 999.
        OutOfStock: there are not so many.
    """
    stocks = _known_stocks(session, [product_id])
    now = utcnow()
    cart_id = repository.lock_cart(session, customer_id=customer_id, now=now)
    total = repository.add_quantity(session, cart_id=cart_id, product_id=product_id, quantity=quantity, now=now)
    if total is None:
        raise TooMany.over(MAX_QUANTITY)
    _check_stock({product_id: total}, stocks)
    _check_size(session, cart_id)
    return get_own_cart(session, customer_id=customer_id)


def replace_items(session: Session, *, customer_id: UUID, cart_id: UUID, quantities: dict[UUID, int]) -> CartView:
    """Make the cart hold exactly these quantities; a line that stays keeps its id.

    Raises:
        CartNotFound: there is no such cart.
        ProductsUnknown, ProductNotFound, OutOfStock: as for :func:`add_product`.
    """
    now = _lock_own(session, customer_id=customer_id, cart_id=cart_id)
    _check_stock(quantities, _known_stocks(session, list(quantities)))
    repository.delete_items(session, cart_id=cart_id, keep=quantities)
    repository.set_quantities(session, cart_id=cart_id, quantities=quantities, now=now)
    return get_own_cart(session, customer_id=customer_id)


def change_items(session: Session, *, customer_id: UUID, cart_id: UUID, quantities: dict[UUID, int]) -> CartView:
    """Set the named lines' quantities, take out those with 0, leave the others.

    Raises:
        CartNotFound: there is no such cart.
        CartFull: too many lines.
        ProductsUnknown, ProductNotFound, OutOfStock: as for :func:`add_product`.
    """
    now = _lock_own(session, customer_id=customer_id, cart_id=cart_id)
    wanted = {product_id: quantity for product_id, quantity in quantities.items() if quantity}
    _check_stock(wanted, _known_stocks(session, list(wanted)))
    repository.delete_products(session, cart_id=cart_id, product_ids=quantities.keys() - wanted.keys())
    repository.set_quantities(session, cart_id=cart_id, quantities=wanted, now=now)
    _check_size(session, cart_id)
    return get_own_cart(session, customer_id=customer_id)


def empty_cart(session: Session, *, customer_id: UUID, cart_id: UUID) -> None:
    """Take everything out.

    Raises:
        CartNotFound: there is no such cart.
    """
    _lock_own(session, customer_id=customer_id, cart_id=cart_id)
    repository.delete_items(session, cart_id=cart_id)


def set_item_quantity(session: Session, *, customer_id: UUID, item_id: UUID, quantity: int) -> Line:
    """Set a line's quantity and return it.

    Raises:
        ItemNotFound: there is no such line.
        OutOfStock: there are not so many, or the product is no longer sold.
    """
    now = utcnow()
    cart_id = repository.lock_cart(session, customer_id=customer_id, now=now)
    line = get_item(session, customer_id=customer_id, item_id=item_id)
    stock = 0 if line.deleted else line.stock
    _check_stock({line.product_id: quantity}, {line.product_id: stock})
    repository.set_quantities(session, cart_id=cart_id, quantities={line.product_id: quantity}, now=now)
    return get_item(session, customer_id=customer_id, item_id=item_id)


def remove_item(session: Session, *, customer_id: UUID, item_id: UUID) -> None:
    """Take a line out.

    Raises:
        ItemNotFound: there is no such line.
    """
    cart_id = repository.lock_cart(session, customer_id=customer_id, now=utcnow())
    line = get_item(session, customer_id=customer_id, item_id=item_id)
    repository.delete_products(session, cart_id=cart_id, product_ids=[line.product_id])


def remove_product(session: Session, *, customer_id: UUID, product_id: UUID) -> CartView:
    """Take a product out, and return the cart.

    Raises:
        ItemNotFound: it isn't in the cart.
    """
    cart_id = repository.lock_cart(session, customer_id=customer_id, now=utcnow())
    if not repository.delete_products(session, cart_id=cart_id, product_ids=[product_id]):
        raise ItemNotFound
    return get_own_cart(session, customer_id=customer_id)


def take_ordered_lines(session: Session, *, customer_id: UUID, ordered: dict[UUID, int]) -> None:
    """Take what was ordered out of its lines, named by line id; what was added since stays, as a new line."""
    repository.lock_cart(session, customer_id=customer_id, now=utcnow())
    repository.take_ordered(session, customer_id=customer_id, ordered=ordered)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Delete an erased customer's cart."""
    repository.delete_cart(session, customer_id=customer_id)


def keep_product(session: Session, *, product: ProductState) -> None:
    """Keep what the catalog tells of a product; older news never overwrites newer."""
    repository.keep_product(
        session,
        product_id=product.product_id,
        name=product.name,
        price=product.price,
        image_url=product.image_url,
        stock=product.stock,
        sequence=product.sequence,
    )


def keep_stock(session: Session, *, product_id: UUID, stock: int, sequence: int) -> None:
    """Keep what the catalog tells of a product's stock alone."""
    repository.keep_stock(session, product_id=product_id, stock=stock, sequence=sequence)


def keep_deletion(session: Session, *, product_id: UUID) -> None:
    """Keep that a product is no longer sold."""
    repository.keep_deletion(session, product_id=product_id)


def list_products_in_carts(session: Session) -> list[UUID]:
    """Return every product that lies in some cart."""
    return repository.list_products_in_carts(session)


def _lock_own(session: Session, *, customer_id: UUID, cart_id: UUID) -> datetime:
    get_cart(session, customer_id=customer_id, cart_id=cart_id)
    now = utcnow()
    repository.lock_cart(session, customer_id=customer_id, now=now)
    return now


def _line_of(cart: CartView | None, item_id: UUID) -> Line:
    for line in cart.lines if cart is not None else ():
        if line.id == item_id:
            return line
    raise ItemNotFound


def _known_stocks(session: Session, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    stocks = repository.list_stocks(session, product_ids)
    if unknown := [product_id for product_id in product_ids if product_id not in stocks]:
        raise ProductsUnknown(unknown)
    if any(deleted for _, deleted in stocks.values()):
        raise ProductNotFound
    return {product_id: stock for product_id, (stock, _) in stocks.items()}


def _check_stock(quantities: dict[UUID, int], stocks: dict[UUID, int]) -> None:
    for product_id, quantity in quantities.items():
        available = shortage(quantity, stock=stocks[product_id])
        if available is not None:
            raise OutOfStock.of(product_id, available)


def _check_size(session: Session, cart_id: UUID) -> None:
    if repository.count_items(session, cart_id=cart_id) > MAX_LINES:
        raise CartFull
