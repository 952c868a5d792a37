"""Bodies of the endpoints of orders."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from shopsite_common.money import Money, quantize
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp
from shopsite_orders.domain.standing import Status
from shopsite_orders.domain.views import OrderView, Sales

Interval = Literal["day", "week", "month"]

_CURRENCY = Field(examples=["NGN"], description="ISO 4217")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("A text must not hold the character U+0000.")
    return text


Address = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_storable)]
Total = Annotated[
    Money,
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$", "examples": ["1999.50"]}),
]
ShortText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_storable)]


class CheckoutCreate(RequestBody):
    """Where the parcel and the bill go; ``expected_total`` is the total that the customer has seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "shipping_address": "123 Main St, City, State 12345",
                    "billing_address": "456 Billing Ave, City, State 12345",
                    "expected_total": "1999.50",
                }
            ]
        }
    )

    shipping_address: Address
    billing_address: Address
    expected_total: Total | None = None


class ShipmentCreate(RequestBody):
    """By whom and under which number the parcel travels."""

    tracking_number: ShortText | None = Field(default=None, examples=["DHL-4711"])
    carrier: ShortText | None = Field(default=None, examples=["DHL"])


class Nothing(RequestBody):
    """An empty object: this step takes no particulars."""


class OrderItemOut(ResponseBody):
    """A line as it was sold."""

    product: UUID
    name: str = Field(examples=["Enamel mug, blue"])
    unit_price: Money
    quantity: int
    subtotal: Money


class HistoryOut(ResponseBody):
    """A step of the order; ``actor`` is ``customer``, ``admin``, ``payments`` or ``system``."""

    status: Status
    at: Timestamp
    actor: str = Field(examples=["customer"])
    note: str = Field(examples=["Order placed, stock reserved"])


class OrderOut(ResponseBody):
    """An order as it stands."""

    id: UUID
    number: str = Field(examples=["SO-20261124-7F3K9Q"], description="By which people call it")
    customer: UUID
    status: Status
    items: list[OrderItemOut]
    total: Money
    currency: str = _CURRENCY
    shipping_address: str
    billing_address: str
    tracking_number: str | None
    carrier: str | None
    history: list[HistoryOut]
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, view: OrderView) -> "OrderOut":
        """Return the body of an order, made without a second check of values that come from our own tables."""
        order = view.order
        return cls.model_construct(
            id=order.id,
            number=order.number,
            customer=order.customer_id,
            status=Status(order.status),
            items=[_item(item) for item in view.items],
            total=order.total,
            currency=order.currency,
            shipping_address=order.shipping_address,
            billing_address=order.billing_address,
            tracking_number=order.tracking_number,
            carrier=order.carrier,
            history=[_history(entry) for entry in view.history],
            created_at=order.created_at,
            updated_at=order.updated_at,
        )


def _item(row: Any) -> OrderItemOut:
    return OrderItemOut.model_construct(
        product=row.product_id,
        name=row.name,
        unit_price=row.unit_price,
        quantity=row.quantity,
        subtotal=row.subtotal,
    )


def _history(row: Any) -> HistoryOut:
    return HistoryOut.model_construct(status=Status(row.status), at=row.at, actor=row.actor, note=row.text)


_MESSAGES = {"consumed", "published"}


class TimelineEntryOut(ResponseBody):
    """Something that happened around an order. An admin sees in ``details`` also who did it, events and the trace."""

    at: Timestamp
    kind: str = Field(examples=["order_paid"])
    text: str = Field(examples=["Payment received"])
    actor: str = Field(examples=["payments"])
    details: dict[str, Any]

    @classmethod
    def of(cls, row: Any, *, everything: bool) -> Self:
        """Return the body of an entry."""
        details = {name: value for name, value in row.details.items() if everything or name not in _MESSAGES}
        if everything:
            details["trace_id"] = row.trace_id
            if row.actor_id is not None:
                details["actor_id"] = str(row.actor_id)
        return cls(at=row.at, kind=row.kind, text=row.text, actor=row.actor, details=details)


class OrderBrief(ResponseBody):
    """An order as other services see it."""

    order_id: UUID
    number: str
    customer_id: UUID
    customer_email: str
    status: Status
    total: Money
    currency: str
    payment_due_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the body of an order's row."""
        return cls(
            order_id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            customer_email=row.customer_email,
            status=Status(row.status),
            total=row.total,
            currency=row.currency,
            payment_due_at=row.payment_due_at,
        )


class Voided(ResponseBody):
    """Whether the id can never become an order; False if it is one."""

    voided: bool


class SalesTotals(ResponseBody):
    """The sums of the period."""

    orders: int = Field(description="Orders that were paid in the period")
    revenue: Money = Field(description="What they brought, less refunds")
    average_order_value: Money


class SalesSlot(ResponseBody):
    """One day, week (from Monday) or month, by its first day."""

    start: date
    orders: int
    revenue: Money


class ProductSales(ResponseBody):
    """What a product brought; a part refund lowers all lines of its order in proportion."""

    product: UUID
    name: str
    quantity: int
    revenue: Money


class CustomerSales(ResponseBody):
    """What a customer brought."""

    customer: UUID
    orders: int
    revenue: Money


class SalesOut(ResponseBody):
    """Sales figures. An order counts on the day (UTC) on which it was paid, less what of it was refunded since."""

    totals: SalesTotals
    by_status: dict[Status, int] = Field(description="Orders placed in the period, by their status now")
    series: list[SalesSlot]
    top_products: list[ProductSales]
    top_customers: list[CustomerSales]
    currency: str = _CURRENCY

    @classmethod
    def of(cls, sales: Sales, *, currency: str) -> Self:
        """Return the body of the figures."""
        average = quantize(sales.revenue / sales.orders) if sales.orders else sales.revenue
        return cls(
            totals=SalesTotals(orders=sales.orders, revenue=sales.revenue, average_order_value=average),
            by_status={Status(status): count for status, count in sales.by_status.items()},
            series=[_slot(row) for row in sales.series],
            top_products=[
                ProductSales(product=row.product_id, name=row.name, quantity=row.quantity, revenue=row.revenue)
                for row in sales.products
            ],
            top_customers=[
                CustomerSales(customer=row.customer_id, orders=row.orders, revenue=row.revenue)
                for row in sales.customers
            ],
            currency=currency,
        )


class DayOut(ResponseBody):
    """How the shop does today (UTC), for the landing page of a shop under development."""

    orders: int = Field(description="At all")
    paid_today: int
    revenue_today: Money
    currency: str


def _slot(row: Any) -> SalesSlot:
    start: datetime = row.start
    return SalesSlot(start=start.astimezone(UTC).date(), orders=row.orders, revenue=row.revenue)
