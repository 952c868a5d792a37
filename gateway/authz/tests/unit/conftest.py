"""An authz over real tokens, with an identity and a Redis that can fail."""

import asyncio
import time
import uuid

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisDown

from shopsite_authz.app import Authz
from shopsite_authz.credentials import Sessions, Tokens
from shopsite_authz.gate import Gate
from shopsite_authz.revocations import Revocations
from shopsite_authz.settings import Settings
from shopsite_common.errors import Unavailable
from shopsite_common.rate_limit import Limiter
from shopsite_common.tokens import KeySet

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CUSTOMER = uuid.UUID("0190a000-0000-7000-8000-000000000001")
ADDRESS = {"x-forwarded-for": "203.0.113.7, 127.0.0.1"}


def token(*, key=KEY, kid="k1", role="customer", version=1, lifetime=900, sub=CUSTOMER):
    now = int(time.time())
    claims = {
        "iss": "shopsite-identity",
        "aud": "shopsite",
        "sub": str(sub),
        "role": role,
        "ver": version,
        "iat": now,
        "exp": now + lifetime,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, key, "RS256", headers={"typ": "at+jwt", "kid": kid})


def assert_refused(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert set(body) == {"type", "title", "status", "code", "error", "details"}
    assert (body["status"], body["code"]) == (status, code)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class FakeIdentity:
    """Knows sessions and revocations; `up = False` takes it away."""

    def __init__(self):
        self.up = True
        self.knows_callers = True
        self.key = ("k1", KEY)
        self.asked = asyncio.Event()
        self.revocations = {}
        self.sessions = {}
        self.exchanges = 0
        self.key_requests = 0

    async def request(self, _method, path, *, json=None, **_options):
        await asyncio.sleep(0)
        if not self.up:
            raise Unavailable
        if path == "/internal/revocations/":
            self.asked.set()
            return httpx.Response(200, json={"revocations": self.revocations})
        self.exchanges += 1
        if not self.knows_callers:
            return httpx.Response(401, json={"code": "invalid_service_token"})
        given = self.sessions.get(json["session"])
        return httpx.Response(200, json=given) if given else httpx.Response(401, json={"code": "invalid_session"})

    async def keys(self):
        await asyncio.sleep(0)
        self.key_requests += 1
        if not self.up:
            raise Unavailable
        kid, key = self.key
        return {"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}]}


class DeadRedis(Redis):
    async def execute_command(self, *_args, **_options):
        raise RedisDown("down")


class Shop:
    """One authz over its fakes."""

    customer = CUSTOMER
    other_key = OTHER_KEY

    def __init__(self, folder, **limits):
        self.identity = FakeIdentity()
        self.clock = Clock()
        self.folder = folder
        self.settings = Settings(state_dir=folder, **limits)
        self.start()

    token = staticmethod(token)
    assert_refused = staticmethod(assert_refused)

    def start(self):
        redis = DeadRedis()
        self.revocations = Revocations(self.identity, file=self.folder / "revocations.json")
        tokens = Tokens(KeySet(self.identity.keys, cache_file=self.folder / "keys.json"), self.revocations)
        sessions = Sessions(self.identity, tokens, clock=self.clock)
        gate = Gate(self.settings, tokens=tokens, sessions=sessions, limiter=Limiter(redis, clock=self.clock))
        self.app = Authz(gate, revocations=self.revocations, redis=redis, version="1.2.3")

    async def ask(self, path="/guarded", **fields):
        headers = ADDRESS | {name.replace("_", "-"): value for name, value in fields.items()}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://authz") as client:
            return await client.get(path, headers=headers)

    async def sign_in(self, cookie="c1", role="admin"):
        self.identity.sessions[cookie] = {"access": token(role=role), "csrf_token": "t1", "expires_in": 900}


@pytest.fixture
def make_shop(tmp_path):
    return lambda **limits: Shop(tmp_path, **limits)


@pytest.fixture
def shop(make_shop):
    return make_shop()
