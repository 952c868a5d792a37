"""What nobody may: read another service's tables, call inside without a token, be who they say they are."""

import itertools
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import httpx
import jwt
import psycopg2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shopsite_common.service_tokens import ServiceSigner

pytestmark = pytest.mark.e2e

SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
TABLES = {
    "identity": "accounts",
    "catalog": "products",
    "cart": "carts",
    "orders": "orders",
    "payments": "payments",
    "notifications": "emails",
}


@pytest.mark.parametrize(("reader", "owner"), list(itertools.product(SERVICES, SERVICES)))
async def test_a_role_opens_its_own_schema_and_no_other(shop, reader, owner):
    with psycopg2.connect(shop.url(f"DATABASE_URL_{reader.upper()}")) as connection, connection.cursor() as cursor:
        statement = f"SELECT count(*) FROM {owner}.{TABLES[owner]}"
        if reader == owner:
            cursor.execute(statement)
            assert cursor.fetchone() is not None
        else:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/internal/revocations/",
        "/%69nternal/revocations/",
        "/api/../internal/revocations/",
        "//internal/revocations/",
        "/api/v1/internal/revocations/",
        "/internal%2Frevocations/",
        "/INTERNAL/revocations/",
        "/.//internal/./revocations/",
        "/api/internal/revocations/",
        "/api/products/../../internal/revocations/",
        "/api/products/..%2f..%2finternal/revocations/",
        "/api/products/%2e%2e/%2e%2e/internal/revocations/",
        "/%2569nternal/revocations/",
        "/;/internal/revocations/",
        "/internal/reservations/",
        "/internal/sessions/exchange/",
        "/internal/orders/01a20d1f-8826-74ee-a8d3-a0aec5f2da44/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_internal_is_on_the_gateway(shop, buyer, signer, method, path):
    service = {"Authorization": f"Bearer {signer('authz').token_for('identity')}"}
    for headers in ({}, buyer.headers, service):
        answer = await shop.request(method, path, headers=headers)
        assert answer.status_code == 404, (headers, answer.text)
        assert answer.json()["code"] == "not_found"


@pytest.fixture
def signer(shop):
    """Return a function that gives a service's own signer, as its process has one."""
    keys = Path(shop.url("SHOPSITE_RUNNER_DIR")) / "secrets" / "private"
    return lambda service: ServiceSigner(service, keys / f"{service}.pem")


async def test_a_service_token_opens_what_its_bearer_may_call_and_nothing_else(shop, signer, tmp_path):
    stolen = tmp_path / "stranger.pem"
    key = Ed25519PrivateKey.generate()
    stolen.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private = Path(shop.url("SHOPSITE_RUNNER_DIR")) / "secrets" / "private"
    tokens = {
        200: signer("authz").token_for("identity"),
        403: signer("cart").token_for("identity"),
    }
    refused = {
        "for another callee": signer("authz").token_for("orders"),
        "signed by a stranger": ServiceSigner("authz", stolen).token_for("identity"),
        "signed by another service": ServiceSigner("authz", private / "cart.pem").token_for("identity"),
        "of nobody": ServiceSigner("nobody", stolen).token_for("identity"),
        "with a path for a name": ServiceSigner("../private/cart", private / "cart.pem").token_for("identity"),
    }
    async with httpx.AsyncClient(base_url=shop.inside("identity"), timeout=10) as client:

        async def status_with(token):
            headers = {"Authorization": f"Bearer {token}"}
            return (await client.get("/internal/revocations/", headers=headers)).status_code

        for status, token in tokens.items():
            assert await status_with(token) == status
        for name, token in refused.items():
            assert await status_with(token) == 401, name


async def test_internal_routes_need_a_service_token(shop, buyer):
    order = "01a20d1f-8826-74ee-a8d3-a0aec5f2da44"
    routes = (
        ("identity", "GET", "/internal/revocations/"),
        ("identity", "POST", "/internal/sessions/exchange/"),
        ("identity", "POST", f"/internal/password-resets/{order}/link/"),
        ("catalog", "POST", "/internal/reservations/"),
        ("catalog", "DELETE", f"/internal/reservations/{order}/"),
        ("catalog", "GET", f"/internal/products/{order}/"),
        ("orders", "GET", f"/internal/orders/{order}/"),
        ("orders", "POST", f"/internal/orders/{order}/void/"),
    )
    async with httpx.AsyncClient(timeout=10) as client:
        for service, method, path in routes:
            url = shop.inside(service) + path
            for headers in ({}, buyer.headers, {"Authorization": "Bearer nonsense"}, {"X-User-Role": "admin"}):
                answer = await client.request(method, url, headers=headers)
                assert answer.status_code == 401, (path, headers, answer.text)


async def test_identity_headers_open_nothing(shop, buyer):
    forged = {"X-User-Id": "1", "X-User-Role": "admin", "X_User_Role": "admin", "X-Forwarded-User": "admin"}
    assert (await shop.request("GET", "/api/orders/", headers=forged)).status_code == 401
    answer = await buyer.call("GET", "/api/admin/customers/", headers=forged)
    assert answer.status_code == 403
    async with httpx.AsyncClient(timeout=10) as client:
        inside = await client.get(f"{shop.inside('orders')}/api/orders/", headers=forged)
    assert inside.status_code == 401


def changed(token, part, **changes):
    pieces = token.split(".")
    padded = pieces[part] + "=" * (-len(pieces[part]) % 4)
    content = {**json.loads(urlsafe_b64decode(padded)), **changes}
    pieces[part] = urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return ".".join(pieces)


async def test_forged_tokens_are_refused(shop, buyer):
    token = buyer.headers["Authorization"].removeprefix("Bearer ")
    keys = (await shop.request("GET", "/.well-known/jwks.json")).json()["keys"]
    public = jwt.PyJWK(keys[0]).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)
    head, body, _ = token.split(".")
    secret = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    hs_head = changed(token, 0, alg="HS256").split(".")[0]
    signature = urlsafe_b64encode(secret.sign(f"{hs_head}.{body}".encode(), public)).rstrip(b"=").decode()
    forged = {
        "another role": changed(token, 1, role="admin"),
        "no algorithm": f"{changed(token, 0, alg='none').split('.')[0]}.{body}.",
        "the public key as a secret": f"{hs_head}.{body}.{signature}",
        "another signature": f"{head}.{body}.{'A' * 342}",
        "another type": changed(token, 0, typ="JWT"),
        "not a token": "nonsense",
    }
    assert claims["role"] == "customer"
    assert header["alg"] == "RS256"
    for name, value in forged.items():
        answer = await shop.request("GET", "/api/orders/", headers={"Authorization": f"Bearer {value}"})
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name


async def test_another_customers_order_is_not_there(buyer, new_account, new_product):
    order = await buyer.buy((await new_product())["id"])
    stranger = await new_account()
    for method, path in (("GET", ""), ("POST", "cancel/"), ("GET", "timeline/")):
        assert (await stranger.call(method, f"/api/orders/{order['id']}/{path}")).status_code == 404
    assert (await stranger.call("POST", "/api/pay/", json={"order_id": order["id"]})).status_code == 404
    assert (await stranger.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/")).status_code == 403
