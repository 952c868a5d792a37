"""The shop's health, put together from its services'."""

import pytest

NAMES = ("identity", "catalog", "cart", "orders", "payments", "notifications", "authz")


@pytest.fixture
def all_well(services):
    for name in NAMES:
        body = {"status": "ok", "service": name, "version": "1.0.0", "dependencies": {"database": "ok"}}
        services.answers[f"http://{name}/health/ready"] = (200, body)


async def test_all_well(portal, all_well):
    answer = await portal.get("/api/health/")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert set(body["services"]) == set(NAMES)
    assert body["services"]["orders"] == {"status": "ok", "version": "1.0.0", "dependencies": {"database": "ok"}}


async def test_a_service_that_is_down_makes_the_shop_unavailable(portal, services, all_well):
    del services.answers["http://orders/health/ready"]
    answer = await portal.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == answer.json()["services"]["orders"]["status"] == "unavailable"
    assert answer.json()["services"]["cart"]["status"] == "ok"


async def test_a_database_that_is_down_is_named(portal, services, all_well):
    body = {"status": "unavailable", "service": "cart", "version": "1", "dependencies": {"database": "unavailable"}}
    services.answers["http://cart/health/ready"] = (503, body)
    answer = await portal.get("/api/health/")
    assert answer.status_code == 503
    assert answer.json()["services"]["cart"]["dependencies"] == {"database": "unavailable"}


async def test_without_something_helpful_the_shop_is_degraded_and_still_200(portal, services, all_well):
    body = {"status": "degraded", "service": "cart", "version": "1", "dependencies": {"redis": "unavailable"}}
    services.answers["http://cart/health/ready"] = (200, body)
    answer = await portal.get("/api/health/")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


async def test_nonsense_counts_as_down(portal, services, all_well):
    services.answers["http://cart/health/ready"] = (200, ["what"])
    assert (await portal.get("/api/health/")).json()["services"]["cart"]["status"] == "unavailable"


async def test_many_askers_share_one_answer(portal, services, all_well):
    for _ in range(5):
        await portal.get("/api/health/")
    assert len(services.asked) == len(NAMES)
