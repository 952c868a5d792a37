"""Fixtures of the identity tests."""

from types import SimpleNamespace

import httpx
import pytest

from shopsite_common.clock import utcnow
from shopsite_common.testing.messages import emitted
from shopsite_identity import main
from shopsite_identity.clients.passwords import hash_here
from shopsite_identity.service import accounts

PASSWORD = "securepassword123"
PASSWORD_HASH = hash_here(PASSWORD)


@pytest.fixture(scope="session")
def service_package() -> str:
    """The package under test."""
    return "shopsite_identity"


@pytest.fixture
async def app(db, environment):
    """The API; unlike other services' it verifies the tokens that it makes itself."""
    application = main.create()
    async with application.router.lifespan_context(application):
        await application.state.resources.redis.flushdb()
        yield application


@pytest.fixture
def own(app):
    """What the process holds open."""
    return app.state.resources


@pytest.fixture
def events(db):
    """The events in the outbox, oldest first."""

    def read(*kinds):
        with db.session() as session:
            found = emitted(session, "identity")
        return [event for event in found if not kinds or isinstance(event, kinds)]

    return read


@pytest.fixture
def make_account(db):
    """Make an account whose password is ``securepassword123``."""
    made = []

    def make(email=None, **changes):
        made.append(1)
        details = {
            "email": email or f"person{len(made)}@example.com",
            "first_name": changes.pop("first_name", "Ada"),
            "last_name": changes.pop("last_name", "Byron"),
            "phone_number": None,
            "date_of_birth": None,
        }
        return db.run_here(
            accounts.register_customer, details=details, password_hash=PASSWORD_HASH, now=utcnow(), **changes
        )

    return make


@pytest.fixture
def headers_of(own):
    """Return the header that bears an account's access token."""

    async def make(account):
        return {"Authorization": f"Bearer {await own.issuer.access_token(account)}"}

    return make


@pytest.fixture
def sign_in(client):
    """Sign in and return the answer."""

    async def post(email, password=PASSWORD, *, address="198.51.100.1", path="/api/token/"):
        return await client.post(
            path, json={"email": email, "password": password}, headers={"X-Forwarded-For": address}
        )

    return post


@pytest.fixture
async def admin(make_account, headers_of):
    """An admin, with the header of their token."""
    account = make_account("root@example.com", role="admin")
    return SimpleNamespace(account=account, id=account.id, headers=await headers_of(account))


@pytest.fixture
def authz(service_keys):
    """The header with which authz calls."""
    return service_keys.headers("authz", "identity")


@pytest.fixture
async def revocations(client, authz):
    """Read the feed of revocations."""

    async def read():
        answer = await client.get("/internal/revocations/", headers=authz)
        assert answer.status_code == httpx.codes.OK
        return answer.json()["revocations"]

    return read
