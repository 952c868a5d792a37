"""The worker: the audit log over the real broker, cached profiles renewed."""

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.testing.polling import eventually
from shopsite_identity import worker
from shopsite_identity.clients.profiles import key_of
from shopsite_identity.service import accounts, customers

pytestmark = pytest.mark.integration


@pytest.fixture
async def running(broker_url, environment, app):
    """The worker, running; the API has emptied Redis before."""
    environment.setenv("AMQP_URL", broker_url)
    process = worker.create()
    async with process.router.lifespan_context(process):
        yield process


async def test_a_deed_of_identitys_own_comes_back_over_the_broker(running, client, admin):
    body = {"email": "new@example.com", "first_name": "New", "last_name": "One", "password": "securepassword123"}
    made = await client.post("/api/admin/customers/", json=body, headers=admin.headers)

    async def logged():
        return (await client.get("/api/admin/audit/", headers=admin.headers)).json()["results"]

    (entry,) = await eventually(logged)
    assert (entry["service"], entry["action"], entry["object"]) == ("identity", "customer.create", made.json()["id"])


async def test_a_process_that_died_before_it_renewed_the_cache_is_made_good(running, db, own, make_account):
    account = make_account()
    await own.profiles.put(account.id, account.version, b"old")
    db.run_here(accounts.update_profile, customer_id=account.id, changes={"first_name": "Grace"}, now=utcnow())

    async def renewed():
        return b"Grace" in (await own.profiles.get(account.id) or b"")

    await eventually(renewed)
    await eventually(lambda: not db.run_here(accounts.list_changed_profiles))


async def test_an_erased_profile_leaves_the_cache(running, db, own, make_account, admin):
    account = make_account()
    await own.profiles.put(account.id, account.version, b"old")
    db.run_here(customers.erase_customer, actor_id=admin.id, customer_id=account.id, now=utcnow())

    async def gone():
        return await own.profiles.get(account.id) is None

    await eventually(gone)
    assert await own.redis.get(key_of(account.id)) == b"2\n"
