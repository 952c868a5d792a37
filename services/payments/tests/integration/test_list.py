import pytest
from sqlalchemy import event

from shopsite_common.ids import uuid7
from shopsite_payments.deps.settling import settle

pytestmark = pytest.mark.integration

FIELDS = {
    "id",
    "order_id",
    "reference",
    "amount",
    "currency",
    "status",
    "channel",
    "paid_at",
    "paid_amount",
    "paid_currency",
    "refunds",
    "created_at",
}


async def test_one_sees_ones_own_and_an_admin_all(client, desk, begin, headers):
    mine, _ = await begin()
    theirs, _ = await begin()
    own = (await client.get("/api/payment/", headers=headers(mine.customer_id))).json()
    assert [payment["order_id"] for payment in own["results"]] == [str(mine.order_id)]
    assert set(own["results"][0]) == FIELDS
    staff = (await client.get("/api/payment/", headers=headers(role="staff"))).json()
    assert staff == {"count": 0, "next": None, "previous": None, "results": []}
    all_of_them = (await client.get("/api/payment/", headers=headers(role="admin"))).json()
    assert [payment["order_id"] for payment in all_of_them["results"]] == [str(theirs.order_id), str(mine.order_id)]


async def test_another_customers_payment_is_404(client, desk, begin, headers, payment_of):
    order, _ = await begin()
    payment = await payment_of(order)
    url = f"/api/payment/{payment['id']}/"
    assert (await client.get(url, headers=headers(order.customer_id))).json() == payment
    assert (await client.get(url, headers=headers(role="admin"))).json() == payment
    assert (await client.get(url, headers=headers())).status_code == 404
    assert (await client.get(url, headers=headers(role="staff"))).status_code == 404
    assert (await client.get(f"/api/payment/{uuid7()}/", headers=headers(role="admin"))).status_code == 404
    assert (await client.get("/api/payment/5/", headers=headers(role="admin"))).status_code == 404
    assert (await client.get(url)).status_code == 401


async def test_filters(client, desk, begin, paystack, headers):
    paid, reference = await begin()
    await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    admin = headers(role="admin")

    async def found(query):
        answer = await client.get(f"/api/payment/?{query}", headers=admin)
        return answer.status_code, [payment["order_id"] for payment in answer.json().get("results", [])]

    assert await found("status=SUCCEEDED") == (200, [str(paid.order_id)])
    assert await found("status=REFUNDED") == (200, [])
    assert await found(f"order={paid.order_id}&whatever=5") == (200, [str(paid.order_id)])
    assert (await found(f"order={uuid7()}")) == (200, [])
    for wrong in ("status=succeeded", "status=", "order=5", "page_size=0", "page_size=101"):
        assert (await found(wrong))[0] == 400, wrong
    for nowhere in ("page=3", "page=0", "page=x"):
        assert (await found(nowhere))[0] == 404, nowhere


async def test_pages_link_to_each_other(client, desk, begin, headers):
    for _ in range(3):
        await begin()
    answer = await client.get("/api/payment/?page_size=2", headers=headers(role="admin"))
    body = answer.json()
    assert (body["count"], len(body["results"])) == (3, 2)
    assert body["next"] == "http://shop.example.com/api/payment/?page_size=2&page=2"


async def test_the_number_of_queries_does_not_grow_with_the_page(client, desk, begin, headers, paystack):
    async def queries():
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(desk.db.engine, "before_cursor_execute", note)
        answer = await client.get("/api/payment/", headers=headers(role="admin"))
        event.remove(desk.db.engine, "before_cursor_execute", note)
        assert answer.status_code == 200
        return len(seen)

    async def refunded():
        order, reference = await begin()
        paystack.pay(reference)
        await settle(desk, reference)
        listed = (await client.get(f"/api/payment/?order={order.order_id}", headers=headers(role="admin"))).json()
        url = f"/api/payment/{listed['results'][0]['id']}/refund/"
        for _ in range(2):
            answer = await client.post(url, json={"amount": "1.00"}, headers=headers(role="admin"))
            assert answer.status_code == 202

    await refunded()
    few = await queries()
    for _ in range(4):
        await refunded()
    assert await queries() == few


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "webhook"), ("POST", "callback"), ("DELETE", ""), ("PUT", "webhook")]
)
async def test_other_methods_are_405(client, desk, headers, method, path):
    url = f"/api/payment/{path}/" if path else "/api/payment/"
    answer = await client.request(method, url, headers=headers(role="admin"))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"]
