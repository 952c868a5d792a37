"""Every operation of the merged document, asked by everybody: each cell of the matrix in authorisation.txt."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg2
import pytest
import pytest_asyncio
from authorisation import CALLERS, ROWS, SIGNED_IN, Row
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from operations import Operation

from shopsite_common.clock import utcnow
from shopsite_common.testing.problems import problem_of
from shopsite_common.tokens import Principal, verify_with
from shopsite_identity.clients.keyring import Keyring
from shopsite_identity.clients.signer import Holder, SigningPair, sign_access_token

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

AT_ONCE = 12


class Forger:
    """Makes credentials that must open nothing, of an admin's good token."""

    def __init__(self, shop: Any, pair: dict[str, str], key: SigningPair) -> None:
        self._shop = shop
        self._pair = pair
        self._key = key
        self._principal: Principal = verify_with(key.private_key.public_key(), pair["access"])

    def signed(self, *, age: timedelta) -> str:
        """Return a token that the shop itself would have made so long ago, for 15 minutes."""
        who = self._principal
        holder = Holder(who.id, who.role, who.email, who.name, who.version)
        return sign_access_token(self._key, holder, now=utcnow() - age, term=timedelta(minutes=15))

    def all(self) -> dict[str, str]:
        head, body, signature = self._pair["access"].split(".")
        unsigned = _with(head, alg="none")
        symmetric = _with(head, alg="HS256")
        public = self._key.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secret = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        return {
            "expired": self.signed(age=timedelta(minutes=16)),
            "tampered": f"{head}.{_with(body, name='Mallory')}.{signature}",
            "alg none": f"{unsigned}.{body}.",
            "HS256 with the public key": (
                f"{symmetric}.{body}.{_coded(secret.sign(f'{symmetric}.{body}'.encode(), public))}"
            ),
            "refresh token": self._pair["refresh"],
        }


def _with(part: str, **changes: str) -> str:
    content = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return _coded(json.dumps({**content, **changes}).encode())


def _coded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signing_key(shop: Any) -> SigningPair:
    """Open the key with which the shop signs: only so a token is expired and nothing else."""
    connection = psycopg2.connect(shop.url("DATABASE_URL_IDENTITY"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, private_encrypted FROM identity.signing_keys WHERE state = 'signing'")
            key_id, sealed = cursor.fetchone()
    finally:
        connection.close()
    secret = (Path(shop.url("SHOPSITE_RUNNER_DIR")) / "secrets" / "secret-key").read_text().strip()
    return SigningPair(key_id, Keyring(secret).open_key(sealed))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forger(standing_shop, world) -> Forger:
    body = {"email": world.admin.email, "password": "securepassword123"}
    pair = (await standing_shop.request("POST", "/api/token/", json=body)).json()
    return Forger(standing_shop, pair, signing_key(standing_shop))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(world, operations, forger):
    """Ask everything once, and return the answers by operation and caller.

    Reads and refusals go first and at the same time; what changes something follows in the order of the table.
    """
    headers: dict[str, dict[str, str]] = {"nobody": {}, **{name: getattr(world, name).headers for name in SIGNED_IN}}
    headers |= {name: {"Authorization": f"Bearer {token}"} for name, token in forger.all().items()}
    known = {operation.name: operation for operation in operations}
    found: dict[tuple[str, str], Any] = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(row: Row, caller: str, operation: Operation) -> None:
        consume = row.expected(caller) == row.passed
        url, content = world.url_of(operation, consume=consume), world.content_of(operation)
        async with gate:
            found[row.name, caller] = await world.owner.shop.request(
                row.method, url, headers=headers[caller], **content
            )

    cells = [(row, caller, known[row.name]) for row in ROWS if row.name in known for caller in CALLERS]
    harmless = [cell for cell in cells if cell[0].method == "GET" or cell[0].expected(cell[1]) != cell[0].passed]
    await asyncio.gather(*(ask(*cell) for cell in harmless))
    for cell in cells:
        if cell not in harmless:
            await ask(*cell)
    return found


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_caller_gets_what_the_table_says(answers, operations, row, caller):
    answer = answers[row.name, caller]
    assert answer.status_code in row.expected(caller), answer.text
    if answer.status_code in {401, 403, 404}:
        problem_of(answer, answer.status_code)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    documented = next(operation.statuses for operation in operations if operation.name == row.name)
    assert answer.status_code in documented


def test_the_table_names_every_operation_of_the_document_and_no_other(operations):
    assert sorted(row.name for row in ROWS) == sorted(operation.name for operation in operations)


def test_the_document_asks_for_a_credential_where_the_table_does(operations):
    wanted = {"A": [{}, {"accessToken": []}], "Paystack": []}
    for row in ROWS:
        whole = next(operation.details.get("security", []) for operation in operations if operation.name == row.name)
        said = [one for one in whole if "adminSession" not in one]
        expected = [] if row.whose == "ignored" else wanted.get(row.who, [{"accessToken": []}])
        assert said == expected, row.name


async def test_what_the_forger_signs_counts_until_it_has_expired(shop, forger):
    async def status_of(age: timedelta) -> int:
        headers = {"Authorization": f"Bearer {forger.signed(age=age)}"}
        return (await shop.request("GET", "/api/customer_profile/me/", headers=headers)).status_code

    assert await status_of(timedelta(minutes=14)) == 200
    assert await status_of(timedelta(minutes=16)) == 401
