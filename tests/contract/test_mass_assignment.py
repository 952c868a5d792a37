"""Fields that are nobody's to set, offered to every operation with a body: refused by name, and nothing changed."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from authorisation import ROWS
from operations import Operation
from world import World

from shopsite_common.testing.problems import problem_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOBODYS = {
    "role": "admin",
    "is_staff": True,
    "id": "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90",
    "price": "0.01",
    "total": "0.01",
    "status": "COMPLETED",
    "customer": "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90",
}
# Paystack may add to its own events what it likes; those are believed by their signature
WRITING = [row for row in ROWS if row.method in {"POST", "PUT", "PATCH"} and row.who != "Paystack"]


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references and optional bodies to the schema that names the fields."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return resolved(document, document["components"]["schemas"][name])
    return resolved(document, schema["anyOf"][0]) if "anyOf" in schema else schema


def sample(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return a value that fits: the document's example, or the least that the schema asks for."""
    schema = resolved(document, schema)
    for example in (schema.get("example"), *schema.get("examples", [])):
        if example is not None:
            return example
    if schema["type"] == "object":
        fields = schema.get("properties", {})
        return {name: sample(document, fields[name]) for name in schema.get("required", [])}
    return {"string": NOBODYS["id"], "integer": 1}[schema["type"]]


def body_of(operation: Operation, document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a good body, and the fields of others to put on top."""
    [described] = operation.media_types.values()
    schema = described["schema"]
    own = resolved(document, schema).get("properties", {})
    return sample(document, schema), {name: value for name, value in NOBODYS.items() if name not in own}


def content_of(operation: Operation, world: World, good: dict[str, Any], offered: dict[str, Any]) -> dict[str, Any]:
    if operation.id in world.files:
        return {"files": world.files[operation.id], "data": offered}
    return {"json": good | offered}


async def state_of(world: World) -> list[Any]:
    """Return what could have changed: each thing itself, and how many there are."""
    ids = world.ids
    things = [
        f"admin/customers/{ids['customer_id']}",
        f"admin/customers/?search={world.owner.email}",
        f"orders/{ids['order_id']}",
        f"orders/{world.spares['cancel_order']['order_id'][0]}",
        f"payment/{ids['payment_id']}",
        f"products/{ids['product_id']}",
        f"reviews/{ids['review_id']}",
    ]
    lists = ("admin/customers", "orders", "payment", "products", "reviews")
    found = [await world.admin.get(f"/api/{thing}") for thing in things]
    found += [(await world.admin.get(f"/api/{name}/?page_size=1"))["count"] for name in lists]
    return [*found, await world.owner.get("/api/cart/me/"), await world.owner.get("/api/customer_profile/me/")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def offers(world, document, operations):
    """Make every offer once: what was offered and the answer, by operation; and the state before and after."""
    known = {operation.name: operation for operation in operations}
    found: dict[str, Any] = {"before": await state_of(world)}

    async def offer(operation: Operation, sender: Any) -> None:
        good, offered = body_of(operation, document)
        answer = await sender.call(
            operation.method, world.url_of(operation), **content_of(operation, world, good, offered)
        )
        found[operation.name] = (set(offered), answer)

    await asyncio.gather(
        *(
            offer(known[row.name], world.owner if row.may("owner") else world.admin)
            for row in WRITING
            if known[row.name].media_types
        )
    )
    found["after"] = await state_of(world)
    return found


@pytest.mark.parametrize("row", WRITING, ids=lambda row: row.name)
def test_fields_that_are_nobodys_to_set_are_refused_by_name(offers, row):
    if row.name not in offers:
        pytest.skip("it reads no body")
    offered, answer = offers[row.name]
    assert len(offered) >= len(NOBODYS) - 2
    assert set(problem_of(answer, 400)["details"]) == offered


def test_nothing_changed(offers):
    assert offers["after"] == offers["before"]


def test_every_operation_that_reads_a_body_was_offered_them(operations, offers):
    reading = {operation.name for operation in operations if operation.media_types}
    assert reading - set(offers) == {"POST /api/payment/webhook/"}
