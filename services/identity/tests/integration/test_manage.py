"""Commands for operators."""

import io

import pytest

from shopsite_common.cli import run_service
from shopsite_common.events import CustomerRegistered, CustomerUpdated
from shopsite_identity.service import accounts, keys

pytestmark = pytest.mark.integration


@pytest.fixture
def manage(settings, capsys):
    """Run a command; return its exit status and what it wrote."""

    def run(*arguments):
        status = run_service("shopsite_identity", ["manage", *arguments])
        written = capsys.readouterr()
        lines = (written.out or written.err).strip().splitlines()
        return status, "\n".join(line for line in lines if not line.startswith("{"))

    return run


@pytest.fixture
def first_admin(environment):
    environment.setenv("SHOPSITE_ADMIN_EMAIL", "admin@shopsite.example")
    environment.setenv("SHOPSITE_ADMIN_PASSWORD", "shopsite-admin-dev")


async def test_the_first_admin_is_made_once_and_signs_in(first_admin, manage, db, sign_in, events):
    assert manage("create-admin") == (0, "the admin is made")
    assert manage("create-admin") == (0, "there is this admin already")
    answer = await sign_in("admin@shopsite.example", "shopsite-admin-dev", path="/api/admin/session/")
    assert (answer.status_code, answer.json()["user"]["role"]) == (200, "admin")
    assert len(events(CustomerRegistered)) == 1


async def test_an_existing_account_is_promoted_only_on_demand(first_admin, manage, make_account, sign_in, events):
    make_account("admin@shopsite.example")
    status, words = manage("create-admin")
    assert (status, "--promote" in words) == (0, True)
    assert (await sign_in("admin@shopsite.example", path="/api/admin/session/")).status_code == 403
    assert manage("create-admin", "--promote") == (0, "the account is an admin now")
    assert (await sign_in("admin@shopsite.example", path="/api/admin/session/")).status_code == 200
    assert [event.role for event in events(CustomerUpdated)] == ["admin"]


async def test_a_promoted_account_needs_no_password_but_its_own(
    first_admin, manage, make_account, environment, sign_in
):
    make_account("boss@example.com")
    environment.setenv("SHOPSITE_ADMIN_PASSWORD", "weak")
    arguments = ("create-admin", "--email", "boss@example.com", "--promote")
    assert manage(*arguments) == (0, "the account is an admin now")
    assert manage(*arguments) == (0, "there is this admin already")
    assert (await sign_in("boss@example.com", path="/api/admin/session/")).status_code == 200


async def test_the_password_may_come_from_standard_input(manage, db, monkeypatch, sign_in):
    monkeypatch.setattr("sys.stdin", io.StringIO("a-password-from-a-pipe\n"))
    assert manage("create-admin", "--email", "boss@example.com", "--password-stdin")[0] == 0
    assert (await sign_in("boss@example.com", "a-password-from-a-pipe")).status_code == 200


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("", "shopsite-admin-dev", "valid e-mail"),
        ("boss@example.com", "", "at least 8"),
        ("boss@example.com", "password123", "common"),
    ],
)
def test_a_wrong_address_or_a_weak_password_is_refused(environment, manage, db, email, password, words):
    environment.setenv("SHOPSITE_ADMIN_EMAIL", email)
    environment.setenv("SHOPSITE_ADMIN_PASSWORD", password)
    status, written = manage("create-admin")
    assert (status, words in written) == (1, True)


def test_keys_are_rotated_step_by_step(manage, db):
    assert manage("rotate-keys", "activate") == (1, "No published key is old enough to sign with.")
    assert manage("rotate-keys", "publish")[1].endswith("is published")
    assert manage("rotate-keys", "activate")[0] == 1
    assert manage("rotate-keys", "activate", "--at-once")[1].endswith("signs now")
    assert manage("rotate-keys", "publish")[0] == 0
    assert [line.split()[1] for line in manage("list-keys")[1].splitlines()] == ["signing", "published"]
    assert manage("rotate-keys", "retire") == (0, "0 retired keys deleted")
    assert manage("rotate-keys", "replace")[0] == 0
    assert [row.state for row in db.run_here(keys.list_keys)] == ["signing"]


def test_every_customer_is_told_of_anew(manage, db, make_account, events, monkeypatch):
    monkeypatch.setattr(accounts, "BATCH", 2)
    made = [make_account() for _ in range(5)]
    assert manage("republish-customers")[0] == 0
    assert {event.customer_id for event in events(CustomerUpdated)} == {account.id for account in made}
    assert len(events(CustomerUpdated)) == 5


def test_production_refuses_the_well_known_admin(first_admin, environment, db):
    environment.setenv("SHOPSITE_ENV", "production")
    with pytest.raises(SystemExit, match="SHOPSITE_ADMIN_PASSWORD"):
        run_service("shopsite_identity", ["manage", "create-admin"])
