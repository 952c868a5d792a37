"""OpenAPI links: what an answer opens, also across services, for readers of the document and generated clients."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_BODY = "$response.body#"


class _Opens(NamedTuple):
    """What may be called with something that an answer bears."""

    parameter: str
    found_at: str
    operations: tuple[str, ...]


_PRODUCT = ("get_product", "update_product", "replace_product", "delete_product", "list_product_reviews")
_STOCK = ("adjust_stock", "list_stock_movements", "add_product_image")
_CUSTOMER = ("get_customer", "update_customer", "replace_customer", "erase_customer")
_REVIEW = ("get_review", "update_review", "replace_review", "delete_review")
_LINE = ("get_cart_item", "update_cart_item", "replace_cart_item", "remove_cart_item")
_CART = ("get_cart", "update_cart", "replace_cart", "empty_cart")
_ORDER = ("get_order", "get_order_timeline", "cancel_order", "ship_order", "complete_order")
_PAYMENT = ("get_payment", "refund_payment")
_LETTER = ("get_dead_letter", "replay_dead_letter", "drop_dead_letter")
_IN_CART = ("add_to_cart", "remove_from_cart")

_BY_ANSWER: Mapping[tuple[str, str], _Opens] = {
    ("create_customer", "201"): _Opens("customer_id", "/id", _CUSTOMER),
    ("list_customers", "200"): _Opens("customer_id", "/results/0/id", _CUSTOMER),
    ("create_product", "201"): _Opens("product_id", "/id", (*_PRODUCT, *_STOCK, *_IN_CART)),
    ("list_products", "200"): _Opens("product_id", "/results/0/id", ("get_product", "list_product_reviews", *_IN_CART)),
    ("create_review", "201"): _Opens("review_id", "/id", _REVIEW),
    ("list_reviews", "200"): _Opens("review_id", "/results/0/id", _REVIEW),
    ("add_cart_item", "201"): _Opens("item_id", "/id", _LINE),
    ("list_cart_items", "200"): _Opens("item_id", "/results/0/id", _LINE),
    ("get_own_cart", "200"): _Opens("cart_id", "/id", _CART),
    ("checkout", "201"): _Opens("order_id", "/id", _ORDER),
    ("list_orders", "200"): _Opens("order_id", "/results/0/id", _ORDER),
    ("list_payments", "200"): _Opens("payment_id", "/results/0/id", _PAYMENT),
    ("list_notifications", "200"): _Opens("notification_id", "/results/0/id", ("resend_notification",)),
    ("list_dead_letters", "200"): _Opens("letter_id", "/results/0/id", _LETTER),
}
_BODIES = {
    ("checkout", "201", "pay"): {"order_id": f"{_BODY}/id"},
    ("get_order", "200", "pay"): {"order_id": f"{_BODY}/id"},
    ("get_product", "200", "add_cart_item"): {"product": f"{_BODY}/id", "quantity": 1},
    ("get_tokens", "200", "refresh_tokens"): {"refresh": f"{_BODY}/refresh"},
}


def add_links(document: dict[str, Any]) -> None:
    """Write into each answer what it opens, where both operations are in the document (a service may be missing)."""
    operations = {
        operation["operationId"]: operation
        for entry in document["paths"].values()
        for operation in entry.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    for source, status, target, link in links():
        answer = operations.get(source, {}).get("responses", {}).get(status)
        if answer is not None and target in operations:
            answer.setdefault("links", {})[target] = {"operationId": target, **link}


def links() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield source, status, target, and what the target is given, for all that is to be linked."""
    for (source, status), opened in _BY_ANSWER.items():
        for target in opened.operations:
            yield source, status, target, {"parameters": {opened.parameter: f"{_BODY}{opened.found_at}"}}
    for (source, status, target), body in _BODIES.items():
        yield source, status, target, {"requestBody": body}
