"""Commands for operators of the identity service."""

import argparse
import sys
from typing import Any

from shopsite_common.cli import load_settings
from shopsite_common.clock import utcnow
from shopsite_common.db import Database
from shopsite_common.errors import ShopError
from shopsite_identity.clients.keyring import Keyring, NewKey
from shopsite_identity.clients.passwords import common_passwords, hash_here
from shopsite_identity.deps.issuer import last_token_term
from shopsite_identity.domain import Person, normalized_email, objections
from shopsite_identity.service import accounts, admins, keys
from shopsite_identity.settings import Settings


def configure(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this service's commands."""
    create = commands.add_parser("create-admin", help="make an admin, if there is no account with that address")
    create.add_argument("--email", default="", help="default: SHOPSITE_ADMIN_EMAIL")
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input, not the environment"
    )
    create.add_argument("--promote", action="store_true", help="make an existing account an active admin")
    create.set_defaults(run=create_admin)
    rotate = commands.add_parser("rotate-keys", help="one step of a rotation of the keys that sign access tokens")
    rotate.add_argument("step", choices=("publish", "activate", "retire", "replace"))
    rotate.add_argument("--at-once", action="store_true", help="activate a key that some verifiers may not know yet")
    rotate.set_defaults(run=rotate_keys)
    commands.add_parser("list-keys", help="print the signing keys").set_defaults(run=list_keys)
    commands.add_parser("republish-customers", help="tell of every account anew, to rebuild copies").set_defaults(
        run=republish_customers
    )


def create_admin(arguments: argparse.Namespace) -> int:
    """Make the first admin; return the exit status. Harmless when repeated."""
    settings = _settings()
    password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else settings.shopsite_admin_password
    database = _database(settings)
    try:
        outcome = database.run_here(
            admins.ensure_admin,
            email=normalized_email(arguments.email or settings.shopsite_admin_email),
            make_hash=lambda: _hash_of(password),
            promote=arguments.promote,
            now=utcnow(),
        )
    except ValueError as error:
        return _fail(str(error))
    finally:
        database.close()
    sys.stdout.write(f"{outcome}\n")
    return 0


def _hash_of(password: str) -> str:
    if sentences := objections(password, Person(), common_passwords()):
        raise ValueError(" ".join(sentences))
    return hash_here(password)


def rotate_keys(arguments: argparse.Namespace) -> int:
    """Do one step of a rotation; return the exit status."""
    settings = _settings()
    database = _database(settings)
    try:
        sys.stdout.write(f"{_rotate(database, settings, arguments)}\n")
    except ShopError as error:
        return _fail(error.message)
    finally:
        database.close()
    return 0


def _rotate(database: Database, settings: Settings, arguments: argparse.Namespace) -> str:
    now = utcnow()
    if arguments.step == "activate":
        key_id = database.run_here(keys.activate_key, now=now, at_once=arguments.at_once)
        return f"{key_id} signs now"
    if arguments.step == "retire":
        term = last_token_term(settings.access_token_term)
        deleted = database.run_here(keys.retire_keys, last_token_term=term, now=now)
        return f"{len(deleted)} retired keys deleted"
    new = NewKey(Keyring(settings.secret_key))
    if arguments.step == "publish":
        database.run_here(keys.publish_key, new=new, now=now)
        return f"{new.id} is published"
    database.run_here(keys.replace_key, new=new, now=now)
    return f"{new.id} signs now, every other key is gone"


def list_keys(_arguments: argparse.Namespace) -> int:
    """Print the signing keys, a line each; return the exit status."""
    database = _database(_settings())
    try:
        rows = database.run_here(keys.list_keys)
    finally:
        database.close()
    for row in rows:
        since = {"published": row.published_at, "signing": row.signing_since, "retired": row.retired_at}[row.state]
        sys.stdout.write(f"{row.id}  {row.state:<9}  since {since:%Y-%m-%d %H:%M:%S} UTC\n")
    return 0


def republish_customers(_arguments: argparse.Namespace) -> int:
    """Emit CustomerUpdated for every account; return the exit status."""
    database = _database(_settings())
    last, batches = None, 0
    try:
        while (last := database.run_here(accounts.republish_customers, after=last)) is not None:
            batches += 1
    finally:
        database.close()
    sys.stdout.write(f"{batches} batches of at most {accounts.BATCH} customers republished\n")
    return 0


def _settings() -> Settings:
    settings = load_settings("shopsite_identity", "manage")
    if not isinstance(settings, Settings):
        raise TypeError("these are not identity's settings")
    return settings


def _database(settings: Settings) -> Database:
    return Database(settings.service_database_url, places=1)


def _fail(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1
