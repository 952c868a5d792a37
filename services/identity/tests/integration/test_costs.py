"""What identity's requests cost, against tests/budgets.txt."""

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.events import AdminActed
from shopsite_common.ids import uuid7
from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.messages import deliver, event_of
from shopsite_common.testing.rows import copy_rows
from shopsite_identity.consumers import HANDLERS

pytestmark = pytest.mark.integration

ME = "/api/customer_profile/me/"
SOMEBODY = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Obi",
    "password": "securepassword123",
    "confirm_password": "securepassword123",
}


async def test_requests_stay_within_their_budgets(client, own, sign_in, admin, authz, costs):
    await own.db.ping()
    measured = {"sign_up, new": await costs.of(client.post("/api/signup/", json=SOMEBODY))}
    await sign_in("ada@example.com")
    signing_in = sign_in("ada@example.com")
    measured["get_tokens, again"] = await costs.of(signing_in)
    pair = (await sign_in("ada@example.com")).json()
    headers = {"Authorization": f"Bearer {pair['access']}"}
    measured |= {
        "get_own_profile, uncached": await costs.of(client.get(ME, headers=headers)),
        "get_own_profile, cached": await costs.of(client.get(ME, headers=headers)),
        "refresh_tokens, first_use": await costs.of(
            client.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
        ),
        "revocations, for_authz": await costs.of(client.get("/internal/revocations/", headers=authz)),
        "get_key_set, known": await costs.of(client.get("/.well-known/jwks.json")),
    }
    costs.check("identity", measured)


async def test_no_list_costs_more_for_a_hundred_rows(app, client, admin, db, costs):
    deed = AdminActed(
        action_id=uuid7(),
        actor_id=admin.id,
        action="order.ship",
        object_type="order",
        object_id="42",
        at=utcnow(),
        changes={},
    )
    deliver(db, HANDLERS, event_of(deed, producer="orders"))

    def fill():
        db.run_here(copy_rows, "accounts", "id", email="n || email")
        db.run_here(copy_rows, "audit_entries", "id")

    async def read(path):
        return await client.get(path, params={"page_size": 100}, headers=admin.headers)

    await costs.check_lists(lists_of(app), read, fill)
