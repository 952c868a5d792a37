"""Quotas, foreign origins, more hosts and https: a second door to the running shop, with the settings that need it."""

import os
import secrets
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from shopsite_common.testing.environment import running_shop
from shopsite_common.testing.problems import problem_of
from shopsite_local import ports
from shopsite_local.layout import OFFSETS, SERVICES, Instance
from shopsite_local.settings import DEFAULTS, NEUTRAL, Settings
from shopsite_local.table import Table

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SHOP_ORIGIN = "https://www.shop.example"
CUSTOMERS, STAFF = 8, 12
OF_THE_DOOR = {
    "SHOPSITE_RATE_LIMIT_CUSTOMER": str(CUSTOMERS),
    "SHOPSITE_RATE_LIMIT_STAFF": str(STAFF),
    "TRUSTED_PROXIES": "127.0.0.1/32,::1/128",
    "ALLOWED_HOSTS": "localhost,.shop.example",
    "CORS_ORIGINS": SHOP_ORIGIN,
}
FIGURES = {"ratelimit-policy", "ratelimit", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
CREDENTIALS = {"password": "securepassword123"}


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """Another gateway, authz, portal, identity and catalog on the shop's own data; gives the address."""
    if "SHOPSITE_URL" not in running_shop:
        pytest.fail("these tests need a running shop: make test")
    shared = {name: running_shop[name] for name in running_shop if name.startswith("DATABASE_URL") or name in DEFAULTS}
    given = {name: value for name, value in shared.items() if "RATE_LIMIT" not in name} | OF_THE_DOOR
    base = ports.free_base(dict(OFFSETS), 20000 + secrets.randbelow(80) * ports.STEP)
    instance = Instance(home=Path(running_shop["SHOPSITE_RUNNER_DIR"]), base=base)
    rest = {name: value for name, value in os.environ.items() if name in NEUTRAL}
    table = Table(instance, Settings(given, rest))
    parts = [
        *(table.service("identity", "api"), table.service("catalog", "api")),
        *(table.gate("authz"), table.gate("portal"), table.traefik()),
    ]
    with ExitStack() as running:
        for part in parts:
            running.enter_context(process(part, tmp_path_factory.mktemp(part.name)))
        url = instance.url("gateway").replace("127.0.0.1", "localhost")
        wait_for(f"{url}/api/health/", f"{url}/api/products/")
        yield url


@contextmanager
def process(part, folder):
    """Run one part until the end, with the services that are not behind this door at their usual ports."""
    usual = int(running_shop["SHOPSITE_PORT_BASE"])
    others = {f"{name.upper()}_URL": f"http://127.0.0.1:{usual + OFFSETS[f'{name}-api']}" for name in SERVICES[2:]}
    environment = {**part.env, **others, "STATE_DIR": str(folder)}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(part.argv, env=environment, cwd=part.cwd, stdout=log, stderr=log) as running,
    ):
        try:
            yield
        finally:
            running.terminate()


def wait_for(*addresses, seconds=240):
    deadline = time.monotonic() + seconds
    for address in addresses:
        while not answers(address):
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.2)


def answers(address):
    try:
        return httpx.get(address, headers=behind(), timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def behind(address=None):
    """Return what the trusted proxy says of a client; an address that no other test has used up."""
    fresh = f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    return {"X-Forwarded-For": address or fresh}


@pytest.fixture
async def client(door):
    async with httpx.AsyncClient(base_url=door, timeout=30) as found:
        yield found


def is_over_quota(answer, policy, limit, name="too_many_requests"):
    problem_of(answer, 429, name)
    assert set(answer.headers) >= FIGURES
    assert answer.headers["ratelimit-policy"] == policy
    assert answer.headers["ratelimit"].partition(";")[2].startswith("r=0;t=")
    assert answer.headers["x-ratelimit-limit"] == str(limit)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["retry-after"]) >= int(answer.headers["x-ratelimit-reset"]) > 0


@pytest.mark.row("Rate limits")
def test_the_tiers_are_the_seeds():
    tiers = [DEFAULTS[f"SHOPSITE_RATE_LIMIT_{name}"] for name in ("ANONYMOUS", "CUSTOMER", "STAFF")]
    assert tiers == ["100", "1000", "5000"]


@pytest.mark.row("Rate limits")
async def test_a_stranger_has_a_hundred_requests_an_hour_for_each_address(client):
    one = behind()
    statuses = {(await client.get("/api/categories/", headers=one)).status_code for _ in range(99)}
    assert statuses == {200}
    assert (await client.post("/api/token/", json={}, headers=one)).status_code == 400, "all lanes share the quota"
    policy = '"anonymous";q=100;w=3600'
    is_over_quota(await client.get("/api/categories/", headers=one), policy, 100)
    is_over_quota(await client.get("/api/schema/", headers=one), policy, 100)
    is_over_quota(await client.post("/api/token/", json={}, headers=one), policy, 100)
    is_over_quota(await client.get("/api/cart/me/", headers=one), policy, 100)
    assert (await client.get("/api/categories/", headers=behind())).status_code == 200


@pytest.mark.row("Rate limits")
async def test_what_must_always_work_takes_nothing_from_a_strangers_quota(client):
    one = behind()
    for _ in range(101):
        assert (await client.post("/api/payment/webhook/", content=b"{}", headers=one)).status_code == 401
    for path, status in (("/api/health/", 200), ("/.well-known/jwks.json", 200), ("/api/payment/callback/", 400)):
        assert (await client.get(path, headers=one)).status_code == status
    assert (await client.get("/api/categories/", headers=one)).status_code == 200


@pytest.mark.row("Rate limits")
async def test_a_customer_is_told_where_they_stand_and_stopped_at_their_own_limit(client, buyer, new_account):
    answers = [await client.get("/api/cart/me/", headers=buyer.headers | behind()) for _ in range(CUSTOMERS + 1)]
    assert [answer.status_code for answer in answers] == [200] * CUSTOMERS + [429]
    left = [answer.headers["x-ratelimit-remaining"] for answer in answers[:-1]]
    assert left == [str(CUSTOMERS - 1 - used) for used in range(CUSTOMERS)]
    for answer in answers[:-1]:
        assert set(answer.headers) >= FIGURES
        assert answer.headers["ratelimit-policy"] == f'"customer";q={CUSTOMERS};w=3600'
        assert answer.headers["ratelimit"].startswith(f'"customer";r={answer.headers["x-ratelimit-remaining"]};t=')
    is_over_quota(answers[-1], f'"customer";q={CUSTOMERS};w=3600', CUSTOMERS)
    catalog = await client.get("/api/products/", headers=buyer.headers | behind())
    is_over_quota(catalog, f'"customer";q={CUSTOMERS};w=3600', CUSTOMERS)
    other = await new_account()
    missing = await client.get("/api/nothing/", headers=other.headers | behind())
    assert missing.status_code == 404
    assert (await client.get("/api/cart/me/", headers=other.headers | behind())).status_code == 200


@pytest.mark.row("Rate limits")
async def test_staff_and_admins_have_a_tier_of_their_own(client, new_colleague):
    for role in ("staff", "admin"):
        colleague = await new_colleague(role)
        answers = [await client.get("/api/orders/", headers=colleague.headers | behind()) for _ in range(STAFF + 1)]
        assert [answer.status_code for answer in answers] == [200] * STAFF + [429]
        assert answers[0].headers["x-ratelimit-limit"] == str(STAFF)
        is_over_quota(answers[-1], f'"staff";q={STAFF};w=3600', STAFF)


@pytest.mark.row("Rate limits")
async def test_ten_failures_stop_signing_in_to_an_account_but_not_where_it_was_signed_in_before(client, buyer):
    home, right = behind(), {"email": buyer.email, **CREDENTIALS}
    assert (await client.post("/api/token/", json=right, headers=home)).status_code == 200
    wrong = {"email": buyer.email, "password": "not-the-password-1"}
    answers = [await client.post("/api/token/", json=wrong, headers=behind()) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    is_over_quota(answers[-1], '"sign-in-failures";q=10;w=900', 10)
    is_over_quota(await client.post("/api/token/", json=right, headers=behind()), '"sign-in-failures";q=10;w=900', 10)
    assert (await client.post("/api/token/", json=right, headers=home)).status_code == 200


def bodies(path):
    """Return as many bodies as one needs that are in order, and get nobody anything."""
    taken = {"email": running_shop["SHOPSITE_ADMIN_EMAIL"], "first_name": "Ada", "last_name": "Obi"}
    always = {
        "signup": {**taken, **CREDENTIALS, "confirm_password": CREDENTIALS["password"]},
        "token/refresh": {"refresh": "x"},
        "password/reset": {"token": "x", "new_password": "x" * 12, "confirm_password": "x" * 12},
    }
    for number in range(32):
        yield always.get(path) or {"email": f"nobody-{number}@example.com", "password": "x"}


@pytest.mark.row("Rate limits")
@pytest.mark.parametrize(
    ("path", "policy"),
    [("token", "sign-in"), ("signup", "sign-up"), ("token/refresh", "refresh"), ("password/reset", "reset")],
)
async def test_thirty_calls_an_address_in_a_quarter_of_an_hour(client, path, policy):
    one, (*thirty, last, other) = behind(), bodies(path)
    statuses = {(await client.post(f"/api/{path}/", json=body, headers=one)).status_code for body in thirty}
    assert statuses <= {400, 401}
    is_over_quota(await client.post(f"/api/{path}/", json=last, headers=one), f'"{policy}";q=30;w=900', 30)
    assert (await client.post(f"/api/{path}/", json=other, headers=behind())).status_code in statuses


@pytest.mark.row("Hosts")
async def test_each_allowed_host_is_answered_with_links_of_its_own(client):
    for host in ("localhost", "shop.example", "www.shop.example", "localhost"):
        page = await client.get("/api/products/?page_size=2", headers={"Host": host} | behind())
        assert page.json()["next"].startswith(f"http://{host}/api/products/?"), host
    for host in ("127.0.0.1", "shop.example.evil.example", "evilshop.example"):
        problem_of(await client.get("/api/products/", headers={"Host": host} | behind()), 400)


@pytest.mark.row("CORS, headers")
async def test_the_origins_of_the_setting_may_call_and_no_other(client):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    own = {"Origin": SHOP_ORIGIN} | behind()
    preflight = await client.options("/api/cart-items/", headers=own | asked)
    assert preflight.status_code in {200, 204}
    assert preflight.headers["access-control-allow-origin"] == SHOP_ORIGIN
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(
        preflight.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    )
    for answer in (
        await client.get("/api/products/", headers=own),
        await client.get("/api/cart/me/", headers=own),
    ):
        assert answer.headers["access-control-allow-origin"] == SHOP_ORIGIN, answer.status_code
        assert "Origin" in answer.headers["vary"]
        assert "RateLimit" in answer.headers["access-control-expose-headers"]
    foreign = await client.get("/api/products/", headers={"Origin": "https://evil.example"} | behind())
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.row("CORS, headers", "Hosts")
async def test_behind_https_browsers_are_told_to_stay_and_links_are_https(client):
    answer = await client.get("/api/products/?page_size=2", headers={"X-Forwarded-Proto": "https"} | behind())
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert answer.json()["next"].startswith("https://localhost")
