"""What clients were told, against what the shop says in the end."""

from collections.abc import Iterator, Mapping, Sequence

from shopsite_local.chaos.stories import Purchase

_BOUGHT = {"PROCESSING", "SHIPPED", "COMPLETED"}
_UNPAID = {"CREATED", "PENDING"}


def differences(purchases: Sequence[Purchase], statuses: Mapping[str, str]) -> list[str]:
    """Returns a sentence for each promise that is not kept.

    Args:
        purchases: as their buyers know them.
        statuses: every order of the shop and where it stands.
    """
    return [sentence for purchase in purchases for sentence in _broken(purchase, statuses.get(purchase.order_id, ""))]


def _broken(purchase: Purchase, status: str) -> Iterator[str]:
    about = f"order {purchase.order_id} ({purchase.fate}, {purchase.email})"
    if not status:
        yield f"{about} was confirmed and does not exist"
        return
    if status in _UNPAID:
        yield f"{about} is still {status}"
    if purchase.paid and status == "CANCELLED":
        yield f"{about} is paid, and CANCELLED without a refund"
    if purchase.wrong and purchase.paid and status in _BOUGHT:
        yield f"{about} was paid with a wrong amount, and is {status}"
    if not purchase.paid and status in _BOUGHT:
        yield f"{about} was never paid, and is {status}"
    if "cancelled" in purchase.said and status not in {"CANCELLED", "REFUNDED"}:
        yield f"{about} was cancelled, and is {status}"
    if "refunded" in purchase.said and status != "REFUNDED":
        yield f"{about} was refunded as a whole, and is {status}"
    for step in ("shipped", "completed"):
        if step in purchase.said and status not in {"SHIPPED", "COMPLETED", "REFUNDED"}:
            yield f"{about} was {step}, and is {status}"
