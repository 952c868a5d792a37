"""What one service keeps of another's: the copies say what their owners say."""

from shopsite_invariants.checks.check import Check, Finding, found
from shopsite_invariants.sources import Look


def products(look: Look) -> Finding:
    """Compare the cart's copy of each product with the catalog."""
    owned = {row.id: row for row in look.rows("catalog", "SELECT id, name, price, stock, deleted_at FROM products")}
    copies = look.rows("cart", "SELECT * FROM products WHERE details_sequence > 0")
    wrong = []
    for copy in copies:
        owner = owned.get(copy.product_id)
        if owner is None:
            wrong.append((copy.product_id, "the catalog has no such product"))
        elif copy.deleted != (owner.deleted_at is not None):
            wrong.append((copy.product_id, f"deleted in the cart's copy: {copy.deleted}"))
        elif not copy.deleted and (copy.name, copy.price, copy.stock) != (owner.name, owner.price, owner.stock):
            wrong.append(
                (copy.product_id, f"cart: {copy.price}, stock {copy.stock}; catalog: {owner.price}, {owner.stock}")
            )
    return found(len(copies), wrong)


def recipients(look: Look) -> Finding:
    """Compare the copy of who is written to with the accounts."""
    copies = {row.customer_id: row for row in look.rows("notifications", "SELECT * FROM recipients")}
    accounts = look.rows("identity", "SELECT id, email, role, is_active, erased_at FROM accounts")
    wrong = []
    for account in accounts:
        copy = copies.get(account.id)
        if copy is None:
            wrong.append((account.id, "notifications does not know the account"))
        elif copy.erased != (account.erased_at is not None):
            wrong.append((account.id, f"erased in the copy: {copy.erased}"))
        elif not copy.erased and (copy.email, copy.role, copy.is_active) != (
            account.email,
            account.role,
            account.is_active,
        ):
            wrong.append(
                (
                    account.id,
                    f"copy: {copy.role}, active {copy.is_active}; account: {account.role}, {account.is_active}",
                )
            )
    return found(len(accounts), wrong)


def purchases(look: Look) -> Finding:
    """Compare who may review what with the orders that are paid and were not refunded."""
    rights = {
        (row.order_id, row.product_id) for row in look.rows("catalog", "SELECT order_id, product_id FROM purchases")
    }
    items = look.rows(
        "orders",
        """
        SELECT i.order_id, i.product_id FROM order_items i JOIN orders o ON o.id = i.order_id
        WHERE o.bought AND o.status <> 'REFUNDED'
        """,
    )
    sold = {(row.order_id, row.product_id) for row in items}
    wrong = (
        *(
            (order_id, f"product {product_id} was bought, and may not be reviewed")
            for order_id, product_id in sold - rights
        ),
        *(
            (order_id, f"product {product_id} may be reviewed, and was not bought")
            for order_id, product_id in rights - sold
        ),
    )
    return found(len(sold), wrong)


CHECKS = (
    Check("copies-products", "the cart shows what the catalog sells", products),
    Check("copies-recipients", "notifications knows every account as it is", recipients),
    Check("copies-purchases", "who has bought may review, and nobody else", purchases),
)
