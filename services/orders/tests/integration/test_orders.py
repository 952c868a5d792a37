"""Reading orders, and the steps that people take."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.events import AdminActed, OrderCancelled, OrderCompleted, OrderShipped
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted

pytestmark = pytest.mark.integration


@pytest.fixture
def admin(tokens):
    return tokens.headers(role="admin")


def path(order, *step):
    return "/".join(["/api/orders", str(order.id), *step, ""])


async def test_a_customer_sees_their_own_orders_newest_first(client, tokens, shop):
    customer_id = uuid7()
    first, second = shop.place(customer_id=customer_id), shop.place(customer_id=customer_id)
    shop.place()
    listed = (await client.get("/api/orders/", headers=tokens.headers(customer_id))).json()
    assert [order["id"] for order in listed["results"]] == [str(second.id), str(first.id)]
    assert listed["results"][0]["items"][0]["name"] == "Mug"
    assert listed["results"][0]["history"][0]["status"] == "CREATED"


async def test_an_admin_sees_all_and_staff_sees_what_a_customer_sees(client, tokens, admin, shop):
    order = shop.place()
    shop.place()
    assert (await client.get("/api/orders/", headers=admin)).json()["count"] == 2
    of_one = await client.get("/api/orders/", params={"customer": str(order.customer_id)}, headers=admin)
    assert [found["id"] for found in of_one.json()["results"]] == [str(order.id)]
    staff = tokens.headers(role="staff")
    assert (await client.get("/api/orders/", headers=staff)).json()["count"] == 0
    assert (await client.get(path(order), headers=staff)).status_code == 404
    assert (await client.get(path(order), headers=admin)).status_code == 200


async def test_lists_are_filtered_and_paged(client, admin, shop):
    orders = [shop.place() for _ in range(3)]
    shop.pay(orders[0])

    async def ids(**params):
        answer = await client.get("/api/orders/", params=params, headers=admin)
        assert answer.status_code == 200
        return [found["id"] for found in answer.json()["results"]]

    assert await ids(status="PROCESSING") == [str(orders[0].id)]
    assert await ids(created_at__gte=orders[1].created_at.isoformat()) == [str(orders[2].id), str(orders[1].id)]
    assert await ids(created_at__lte=orders[0].created_at.isoformat()) == [str(orders[0].id)]
    assert await ids(created_at__lte="2020-01-01") == []
    assert await ids(page_size=2, page=2) == [str(orders[0].id)]
    second = (await client.get("/api/orders/?page_size=2&page=2", headers=admin)).json()
    assert second["previous"] == "http://shop.example.com/api/orders/?page_size=2"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("status=LOST", 400),
        ("created_at__gte=soon", 400),
        ("created_at__gte=0.5", 400),
        ("created_at__lte=2026-11-24T00:00:00%2B01:00", 200),
        ("customer=x", 400),
        ("page_size=0", 400),
        ("page=2", 404),
        ("page=x", 404),
        ("unknown=1", 200),
    ],
)
async def test_what_cannot_be_read_in_a_query_is_refused(client, admin, query, status):
    assert (await client.get(f"/api/orders/?{query}", headers=admin)).status_code == status


async def test_strangers_find_nothing_and_nobody_is_asked_who_they_are(client, tokens, shop):
    order = shop.place()
    stranger = tokens.headers()
    for method, step in (("GET", ()), ("GET", ("timeline",)), ("POST", ("cancel",))):
        assert (await client.request(method, path(order, *step), headers=stranger)).status_code == 404
        assert (await client.request(method, path(order, *step))).status_code == 401
    assert (await client.get("/api/orders/not-an-id/", headers=stranger)).status_code == 404
    for step in ("mark_as_shipped", "mark_as_completed"):
        assert (await client.post(path(order, step), headers=stranger)).status_code == 403
        assert (await client.post(path(order, step), headers=tokens.headers(role="staff"))).status_code == 403


async def test_a_customer_cancels_an_unpaid_order_once(client, tokens, shop, session):
    order = shop.place()
    own = tokens.headers(order.customer_id)
    answer = await client.post(path(order, "cancel"), headers=own)
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert answer.json()["history"][-1]["actor"] == "customer"
    again = await client.post(path(order, "cancel"), headers=own)
    assert (again.status_code, again.json()["code"]) == (409, "order_not_cancellable")
    events = [told for told in emitted(session, "orders") if isinstance(told, OrderCancelled)]
    assert [(told.reason, told.paid, len(told.items)) for told in events] == [("customer", False, 1)]


async def test_an_admin_cancels_a_paid_order_and_is_in_the_audit_log(client, tokens, shop, session):
    order = shop.place()
    shop.pay(order)
    admin_id = uuid7()
    answer = await client.post(path(order, "cancel"), json={}, headers=tokens.headers(admin_id, role="admin"))
    assert answer.json()["status"] == "CANCELLED"
    events = emitted(session, "orders")
    cancelled = next(told for told in events if isinstance(told, OrderCancelled))
    assert (cancelled.reason, cancelled.paid) == ("admin", True)
    acted = next(told for told in events if isinstance(told, AdminActed))
    assert (acted.actor_id, acted.action, acted.object_id) == (admin_id, "order.cancel", str(order.id))


async def test_a_paid_order_is_shipped_and_completed(client, admin, shop, session, others):
    order = shop.place()
    early = await client.post(path(order, "mark_as_shipped"), headers=admin)
    assert (early.status_code, early.json()["code"]) == (409, "order_not_shippable")
    shop.pay(order)
    body = {"tracking_number": "DHL-4711", "carrier": "DHL"}
    shipped = await client.post(path(order, "mark_as_shipped"), json=body, headers=admin)
    assert shipped.status_code == 200
    assert {"status": "SHIPPED", **body}.items() <= shipped.json().items()
    assert (await client.post(path(order, "mark_as_shipped"), headers=admin)).status_code == 409
    assert (await client.post(path(order, "cancel"), headers=admin)).status_code == 409
    done = await client.post(path(order, "mark_as_completed"), headers=admin)
    assert done.json()["status"] == "COMPLETED"
    assert [entry["status"] for entry in done.json()["history"]] == ["CREATED", "PROCESSING", "SHIPPED", "COMPLETED"]
    assert (await client.post(path(order, "mark_as_completed"), headers=admin)).status_code == 409
    events = emitted(session, "orders")
    parcel = next(told for told in events if isinstance(told, OrderShipped))
    assert (parcel.tracking_number, parcel.carrier) == ("DHL-4711", "DHL")
    assert any(isinstance(told, OrderCompleted) for told in events)
    actions = [told.action for told in events if isinstance(told, AdminActed)]
    assert actions == ["order.ship", "order.complete"]


@pytest.mark.parametrize("body", [{"status": "SHIPPED"}, {"tracking_number": "x" * 101}, {"carrier": ""}, []])
async def test_a_shipment_off_the_schema_is_400(client, admin, shop, others, body):
    order = shop.place()
    shop.pay(order)
    assert (await client.post(path(order, "mark_as_shipped"), json=body, headers=admin)).status_code == 400


async def test_a_step_takes_no_particulars(client, admin, shop):
    order = shop.place()
    assert (await client.post(path(order, "cancel"), json={"status": "X"}, headers=admin)).status_code == 400


async def test_steps_of_an_unknown_order_are_404(client, admin, others):
    for step in ("cancel", "mark_as_shipped", "mark_as_completed"):
        assert (await client.post(f"/api/orders/{uuid7()}/{step}/", headers=admin)).status_code == 404


async def test_a_refund_that_only_payments_knows_of_keeps_the_order_from_leaving(client, admin, shop, others):
    order = shop.place()
    shop.pay(order)
    others.payments.going_back.add(order.id)
    answer = await client.post(path(order, "mark_as_shipped"), headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "refund_under_way")


async def test_the_timeline_tells_a_customer_their_part_and_an_admin_all(client, tokens, admin, shop):
    order = shop.place()
    shop.begin(order)
    shop.decline(order)
    shop.pay(order)
    refund_id = uuid7()
    shop.start_refund(order, refund_id=refund_id)
    shop.fail_refund(order, refund_id=refund_id)
    own = await client.get(path(order, "timeline"), headers=tokens.headers(order.customer_id))
    kinds = [entry["kind"] for entry in own.json()]
    assert kinds == [
        "order_created",
        "payment_begun",
        "order_pending",
        "payment_failed",
        "order_paid",
        "refund_started",
    ]
    assert all("trace_id" not in entry["details"] for entry in own.json())
    everything = (await client.get(path(order, "timeline"), headers=admin)).json()
    assert [entry["kind"] for entry in everything] == [*kinds, "refund_failed"]
    assert everything[0]["details"]["actor_id"] == str(order.customer_id)
    amounts = [entry["details"] for entry in everything if "amount" in entry["details"]]
    assert [(one["amount"], one["currency"]) for one in amounts] == [("20.00", "NGN")] * 3
    assert all("trace_id" in entry["details"] for entry in everything)
    moments = [entry["at"] for entry in everything]
    assert moments == sorted(moments)


async def test_other_services_see_an_order_as_it_stands(client, shop, service_keys):
    order = shop.place()
    url = f"/internal/orders/{order.id}/"
    for caller in ("payments", "notifications"):
        brief = (await client.get(url, headers=service_keys.headers(caller, "orders"))).json()
    assert datetime.fromisoformat(brief.pop("payment_due_at")) == order.payment_due_at
    assert brief == {
        "order_id": str(order.id),
        "number": order.number,
        "customer_id": str(order.customer_id),
        "customer_email": "ada@example.com",
        "status": "CREATED",
        "total": "20.00",
        "currency": "NGN",
    }
    unknown = f"/internal/orders/{uuid7()}/"
    assert (await client.get(unknown, headers=service_keys.headers("payments", "orders"))).status_code == 404
    assert (await client.get(url, headers=service_keys.headers("cart", "orders"))).status_code == 403
    assert (await client.get(url)).status_code == 401


async def test_the_portal_sees_how_the_day_goes(client, shop, service_keys):
    url = "/internal/orders/today/"
    headers = service_keys.headers("portal", "orders")
    before = (await client.get(url, headers=headers)).json()
    shop.pay(shop.place())
    shop.place()
    after = (await client.get(url, headers=headers)).json()
    assert after == {
        "orders": before["orders"] + 2,
        "paid_today": before["paid_today"] + 1,
        "revenue_today": f"{Decimal(before['revenue_today']) + 20:.2f}",
        "currency": "NGN",
    }
    assert (await client.get(url, headers=service_keys.headers("cart", "orders"))).status_code == 403


async def test_an_id_is_an_orders_or_voided_and_stays_it(client, shop, service_keys):
    order, free = shop.place(), uuid7()
    headers = service_keys.headers("catalog", "orders")
    for _ in range(2):
        assert (await client.post(f"/internal/orders/{order.id}/void/", headers=headers)).json() == {"voided": False}
        assert (await client.post(f"/internal/orders/{free}/void/", headers=headers)).json() == {"voided": True}


def test_an_order_is_due_after_its_term(shop):
    order = shop.place(term=timedelta(hours=1))
    assert order.payment_due_at - order.created_at == timedelta(hours=1)
    assert utcnow() - order.created_at < timedelta(minutes=1)
