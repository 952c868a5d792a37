"""The check as Traefik asks it."""

import asyncio
import json
import time
import uuid

import httpx
import jwt
import pytest

from shopsite_authz.credentials import Tokens
from shopsite_common.errors import Unavailable
from shopsite_common.tokens import InvalidToken, KeySet, Principal


async def test_a_good_token_is_echoed_with_the_customers_quota(shop):
    good = shop.token()
    answer = await shop.ask(authorization=f"Bearer {good}")
    assert answer.status_code == 200
    assert answer.headers["authorization"] == f"Bearer {good}"
    assert answer.headers["ratelimit-policy"] == '"customer";q=1000;w=3600'
    assert answer.headers["x-ratelimit-remaining"] == "999"


@pytest.mark.parametrize("role", ["staff", "admin"])
async def test_staff_and_admins_share_a_tier(shop, role):
    answer = await shop.ask(authorization=f"Bearer {shop.token(role=role)}")
    assert answer.headers["ratelimit-policy"] == '"staff";q=5000;w=3600'


async def test_nobody_is_401_in_the_shops_format(shop):
    answer = await shop.ask(x_request_id="mine-1")
    shop.assert_refused(answer, 401, "not_authenticated")
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["ratelimit-policy"] == '"anonymous";q=100;w=3600'


async def test_a_request_without_an_id_gets_its_trace_id(shop):
    answer = await shop.ask(traceparent="00-160fdc33f350853a51b4c5db72e984fb-dcc13cdb9b45e07f-00")
    assert answer.headers["x-request-id"] == "160fdc33f350853a51b4c5db72e984fb"


async def test_bad_credentials_are_refused(shop):
    good = shop.token()
    head, claims, signature = good.split(".")
    unsigned = jwt.encode({"sub": str(shop.customer)}, None, "none", headers={"typ": "at+jwt", "kid": "k1"})
    forged = shop.token(key=shop.other_key)
    swapped = ".".join([head, shop.token(role="admin").split(".")[1], signature])
    for bad in (unsigned, forged, swapped, f"{head}.{claims}.", "x", "", shop.token(lifetime=-1)):
        shop.assert_refused(await shop.ask(authorization=f"Bearer {bad}"), 401, "invalid_token")
    shop.assert_refused(await shop.ask(authorization="Basic YTpi"), 401, "invalid_token")


async def test_two_authorization_headers_are_no_credential(shop):
    transport = httpx.ASGITransport(shop.app)
    fields = [("authorization", f"Bearer {shop.token()}"), ("authorization", f"Bearer {shop.token()}")]
    async with httpx.AsyncClient(transport=transport, base_url="http://authz") as client:
        shop.assert_refused(await client.get("/guarded", headers=fields), 401, "invalid_token")


async def test_a_remembered_token_is_verified_anew_once_it_has_ended(shop):
    now = time.time()
    tokens = Tokens(KeySet(shop.identity.keys), shop.revocations, clock=lambda: now)
    late = shop.token(lifetime=-1)
    tokens._passed[late] = Principal(
        id=shop.customer, role="customer", email="", name="", version=1, expires_at=int(now) - 1, token=late
    )
    with pytest.raises(InvalidToken):
        await tokens.holder_of(late)


async def test_a_revoked_token_is_refused_and_a_newer_one_is_not(shop):
    old = shop.token(version=1)
    assert (await shop.ask(authorization=f"Bearer {old}")).status_code == 200
    shop.identity.revocations = {str(shop.customer): 2}
    await shop.revocations.pull()
    shop.assert_refused(await shop.ask(authorization=f"Bearer {old}"), 401, "token_revoked")
    assert (await shop.ask(authorization=f"Bearer {shop.token(version=2)}")).status_code == 200


async def test_keys_and_revocations_outlive_a_restart_without_identity(shop):
    shop.identity.revocations = {str(shop.customer): 2}
    await shop.revocations.pull()
    assert (await shop.ask(authorization=f"Bearer {shop.token(version=2)}")).status_code == 200
    shop.identity.up = False
    shop.start()
    assert (await shop.ask("/health/ready")).status_code == 200
    assert (await shop.ask(authorization=f"Bearer {shop.token(version=3)}")).status_code == 200
    shop.assert_refused(await shop.ask(authorization=f"Bearer {shop.token(version=1)}"), 401, "token_revoked")


async def test_without_any_key_it_says_that_it_cannot_tell(shop):
    shop.identity.up = False
    answer = await shop.ask(authorization=f"Bearer {shop.token()}")
    shop.assert_refused(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"]


async def test_a_token_of_a_newer_key_is_not_refused_while_identity_is_away(shop):
    assert (await shop.ask(authorization=f"Bearer {shop.token()}")).status_code == 200
    shop.identity.key = ("k2", shop.other_key)
    newer = shop.token(key=shop.other_key, kid="k2")
    shop.identity.up = False
    shop.start()  # what it knows is on its disk, and that is the key before
    answer = await shop.ask(authorization=f"Bearer {newer}")
    shop.assert_refused(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"]


async def test_an_account_has_its_quota_and_not_one_more(make_shop):
    shop = make_shop(shopsite_rate_limit_customer=3)
    answers = [await shop.ask(authorization=f"Bearer {shop.token()}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    shop.assert_refused(answers[3], 429, "too_many_requests")
    assert answers[3].headers["retry-after"] == "1200"
    assert answers[3].headers["ratelimit"] == '"customer";r=0;t=1200'
    other = await shop.ask(authorization=f"Bearer {shop.token(sub=uuid.uuid4())}")
    assert other.status_code == 200


async def test_a_limit_of_zero_is_off_and_sends_no_fields(make_shop):
    shop = make_shop(shopsite_rate_limit_customer=0)
    answer = await shop.ask(authorization=f"Bearer {shop.token()}")
    assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


async def test_the_anonymous_lane_counts_by_address_and_ignores_credentials(make_shop):
    shop = make_shop(shopsite_rate_limit_anonymous=2)
    first = await shop.ask("/anonymous", authorization="Bearer nonsense")
    assert (first.status_code, "authorization" in first.headers) == (200, False)
    assert (await shop.ask("/anonymous")).headers["x-ratelimit-remaining"] == "0"
    shop.assert_refused(await shop.ask("/anonymous"), 429, "too_many_requests")
    assert (await shop.ask("/anonymous", x_forwarded_for="203.0.113.8, 127.0.0.1")).status_code == 200


async def test_guessing_tokens_uses_up_the_addresss_quota(make_shop):
    shop = make_shop(shopsite_rate_limit_anonymous=1)
    shop.assert_refused(await shop.ask(authorization="Bearer guess"), 401, "invalid_token")
    shop.assert_refused(await shop.ask(authorization="Bearer guess"), 429, "too_many_requests")
    assert (await shop.ask(authorization=f"Bearer {shop.token()}")).status_code == 200


async def test_a_session_becomes_a_token_for_the_service(shop):
    await shop.sign_in()
    answer = await shop.ask(cookie="theme=dark; shopsite_session=c1")
    assert answer.status_code == 200
    assert answer.headers["authorization"] == f"Bearer {shop.identity.sessions['c1']['access']}"
    assert answer.headers["ratelimit-policy"].startswith('"staff"')


async def test_many_requests_of_one_page_ask_identity_once(shop):
    await shop.sign_in()
    answers = await asyncio.gather(*(shop.ask(cookie="shopsite_session=c1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert shop.identity.exchanges == 1


@pytest.mark.parametrize(("csrf", "status"), [(None, 403), ("wrong", 403), ("t1", 200)])
async def test_unsafe_methods_of_a_session_need_its_token(shop, csrf, status):
    await shop.sign_in()
    answer = await shop.ask(cookie="shopsite_session=c1", x_forwarded_method="POST", x_csrf_token=csrf or "")
    assert answer.status_code == status
    assert answer.headers["ratelimit"]
    if status == 403:
        shop.assert_refused(answer, 403, "csrf_failed")


async def test_an_unknown_session_is_401(shop):
    shop.assert_refused(await shop.ask(cookie="shopsite_session=nope"), 401, "session_ended")
    shop.assert_refused(await shop.ask(cookie=f"shopsite_session={'x' * 600}"), 401, "session_ended")
    shop.assert_refused(await shop.ask(cookie="not_shopsite_session=c1"), 401, "not_authenticated")


async def test_a_sign_out_elsewhere_counts_within_seconds(shop):
    await shop.sign_in()
    assert (await shop.ask(cookie="shopsite_session=c1")).status_code == 200
    shop.identity.sessions.clear()
    shop.clock.now += 3
    shop.assert_refused(await shop.ask(cookie="shopsite_session=c1"), 401, "session_ended")


async def test_a_sign_out_here_counts_at_once(shop):
    await shop.sign_in()
    fields = {"x_forwarded_method": "DELETE", "x_forwarded_uri": "/api/admin/session/", "x_csrf_token": "t1"}
    assert (await shop.ask(cookie="shopsite_session=c1", **fields)).status_code == 200
    assert (await shop.ask(cookie="shopsite_session=c1")).status_code == 200, "identity has not ended it yet"
    shop.identity.sessions.clear()
    shop.assert_refused(await shop.ask(cookie="shopsite_session=c1"), 401, "session_ended")


async def test_a_session_lives_a_minute_without_identity(shop):
    await shop.sign_in()
    assert (await shop.ask(cookie="shopsite_session=c1")).status_code == 200
    shop.identity.up = False
    shop.clock.now += 59
    assert (await shop.ask(cookie="shopsite_session=c1")).status_code == 200
    shop.clock.now += 2
    shop.assert_refused(await shop.ask(cookie="shopsite_session=c1"), 503, "service_unavailable")


async def test_an_identity_that_does_not_know_the_gateway_ends_no_session(shop):
    await shop.sign_in()
    shop.identity.knows_callers = False
    answer = await shop.ask(cookie="shopsite_session=c1")
    shop.assert_refused(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"]


async def test_a_revoked_accounts_session_ends_at_the_next_pull(shop):
    await shop.sign_in()
    assert (await shop.ask(cookie="shopsite_session=c1")).status_code == 200
    shop.identity.revocations = {str(shop.customer): 2}
    await shop.revocations.pull()
    shop.assert_refused(await shop.ask(cookie="shopsite_session=c1"), 401, "token_revoked")


async def test_health_tells_of_identity_and_redis(shop):
    unready = await shop.ask("/health/ready")
    assert (unready.status_code, unready.json()["dependencies"]["identity"]) == (503, "unavailable")
    await shop.revocations.pull()
    ready = await shop.ask("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "degraded",
        "service": "authz",
        "version": "1.2.3",
        "dependencies": {"identity": "ok", "redis": "unavailable"},
    }
    assert (await shop.ask("/health/live")).json() == {"status": "ok"}
    shop.assert_refused(await shop.ask("/internal/"), 404, "not_found")


async def test_a_broken_answer_of_identity_changes_nothing(shop):
    shop.identity.revocations = {str(shop.customer): 2}
    await shop.revocations.pull()
    shop.identity.revocations = {"nobody": "x"}
    with pytest.raises(Unavailable):
        await shop.revocations.pull()
    assert json.loads((shop.folder / "revocations.json").read_text()) == {"revocations": {str(shop.customer): 2}}
    shop.assert_refused(await shop.ask(authorization=f"Bearer {shop.token(version=1)}"), 401, "token_revoked")


async def test_the_process_follows_revocations_while_it_lives(shop):
    events = asyncio.Queue()
    sent = asyncio.Queue()
    life = asyncio.create_task(shop.app({"type": "lifespan"}, events.get, sent.put))
    await events.put({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    await asyncio.wait_for(shop.identity.asked.wait(), 5)
    await events.put({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await life
    assert shop.revocations.known
