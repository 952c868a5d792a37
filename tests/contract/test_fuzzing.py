"""Schemathesis on the whole merged document, through the gateway, as everybody: no 500, no answer off the document."""

import asyncio
import json
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from authorisation import ROWS

pytestmark = [pytest.mark.e2e]

HERE = Path(__file__).parent
SECONDS = 12  # for each role, where time is short
LONG = bool(os.environ.get("SHOPSITE_TEST_LONG"))
ROLES = ("nobody", "customer", "staff", "admin")
NOBODY = {"name": "nobody", "fixedHeaders": [{"name": "X-Request-ID", "value": "nobody"}]}
# no example of the document: who is being fuzzed must not change their password by chance
PASSWORD = secrets.token_urlsafe(12)


def tried_thoroughly_by(row: Any) -> str:
    """Return the least of those who may do it: all its edges are tried by them, the others try less."""
    return {"A": "nobody", "Paystack": "nobody", "C": "customer", "S": "staff", "M": "admin"}[row.who]


def login_of(email: str) -> dict[str, Any]:
    token = {"extractFrom": "body", "extractSelector": "/access", "sendIn": "header", "sendName": "Authorization"}
    return {
        "verb": "POST",
        "endpoint": "/api/token/",
        "contentType": "application/json",
        "payloadRaw": json.dumps({"email": email, "password": PASSWORD}),
        "token": {**token, "sendTemplate": "Bearer {token}"},
    }


class Fuzzing:
    """The accounts that ask, and what must outlive the asking."""

    def __init__(self, shop: Any, admin: Any, document: dict[str, Any], folder: Path) -> None:
        self._shop = shop
        self._admin = admin
        self._document = document
        self._folder = folder
        self._products: set[str] = set()

    async def prepare(self) -> None:
        names = {"customer": "customer", "stranger": "customer", "staff": "staff", "admin": "admin"}
        made = {name: await self._make_account(role) for name, role in names.items()}
        entries = [{"name": name, "loginEndpointAuth": login_of(account["email"])} for name, account in made.items()]
        self._file("document.json").write_text(json.dumps(self._document))
        self._file("accounts.json").write_text(json.dumps({"auth": [*entries, NOBODY]}))
        self._products = await self._all_products()
        first = await self._admin.get("/api/customer_profile/me/")
        protected = {first["id"], *(account["id"] for account in made.values()), *self._products}
        self._file("protected.txt").write_text("\n".join(protected))

    async def run(self, role: str, operations: list[Any]) -> tuple[int, str]:
        """Run schemathesis as somebody; return its exit code and what it says."""
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(self._config_of(role, operations))),
            # from its address it would leave out the operation that answers the document
            *("run", str(self._file("document.json")), "--url", self._shop.url("SHOPSITE_URL")),
            *("--auth-wfc-user", role, "--no-color"),
            *(() if LONG else ("--generation-deterministic", "--max-time", str(SECONDS))),
        ]
        paths = {"FUZZING_ACCOUNTS": self._file("accounts.json"), "FUZZING_PROTECTED": self._file("protected.txt")}
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(HERE), **{name: str(path) for name, path in paths.items()}},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def clean_up(self) -> None:
        """Take off sale what was put on sale at random."""
        self._admin = await self._shop.first_admin()  # whose first token has long expired
        for product in await self._all_products() - self._products:
            await self._admin.call("DELETE", f"/api/products/{product}/")

    async def _make_account(self, role: str) -> dict[str, Any]:
        body = {"first_name": "Fu", "last_name": "Zz", "password": PASSWORD, "role": role}
        body["email"] = f"fuzzing-{secrets.token_hex(6)}@example.com"
        answer = await self._admin.call("POST", "/api/admin/customers/", json=body)
        assert answer.status_code == 201, answer.text
        account: dict[str, Any] = answer.json()
        return account

    async def _all_products(self) -> set[str]:
        found: set[str] = set()
        path: str | None = "/api/products/?page_size=100"
        while path:
            page = await self._admin.get(path)
            found |= {product["id"] for product in page["results"]}
            path = page["next"]
        return found

    def _file(self, name: str) -> Path:
        return self._folder / name

    def _config_of(self, role: str, operations: list[Any]) -> Path:
        """Add how much is tried; where time is short, the edges of an operation are left to whom they concern."""
        number = 20 if LONG else 2
        parts = [
            (HERE / "schemathesis.toml").read_text(),
            f"[phases.fuzzing.generation]\nmax-examples = {number}",
            f"[phases.stateful.generation]\nmax-examples = {5 * number}",
        ]
        elsewhere = {row.name for row in ROWS if not LONG and tried_thoroughly_by(row) != role}
        if left := [operation.id for operation in operations if operation.name in elsewhere]:
            parts.append(f"[[operations]]\ninclude-operation-id = {json.dumps(left)}\nphases.coverage.enabled = false")
        config = self._file(f"{role}.toml")
        config.write_text("\n\n".join(parts))
        return config


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fuzzing(standing_shop, document, tmp_path_factory):
    admin = await standing_shop.first_admin()
    found = Fuzzing(standing_shop, admin, document, tmp_path_factory.mktemp("fuzzing"))
    await found.prepare()
    yield found
    await found.clean_up()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.timeout(3600 if LONG else 300)
@pytest.mark.parametrize("role", ROLES)
async def test_every_operation_answers_as_the_document_says(fuzzing, operations, role):
    code, said = await fuzzing.run(role, operations)
    assert code == 0, said
    tested = re.search(r"Tested: (\d+)", said)
    assert tested, said
    assert int(tested[1]) == len(operations) or not LONG
