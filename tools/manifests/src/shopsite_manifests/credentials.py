"""`secrets`: the Secrets that the shop needs, each value made by chance, as YAML for kubectl.

    make k8s-secrets | kubectl apply -f -

Run it once: what it prints is kept nowhere else, and another run prints other values. It is for the overlay `local` and
for clusters without a store of secrets; `production` takes its own from one by ExternalSecrets, and for that
`--format env` prints the same values as lines `SECRET/KEY=value`. What only you know (Paystack, Cloudinary, mail) comes
from the environment and is left out where it isn't set; `--simulators` makes a key for the simulated Paystack.
"""

import argparse
import base64
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from shopsite_common.service_keys import make_pair
from shopsite_common.settings import SERVICES, derived_url

GATEWAY = ("authz", "portal")
OF_YOUR_OWN = {
    "catalog": ("CLOUDINARY_URL",),
    "notifications": ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--namespace", default="shopsite")
    parser.add_argument("--postgres", default="postgres:5432", help="host and port (default: %(default)s)")
    parser.add_argument("--postgres-direct", help="the same past a PgBouncer, where there is one")
    parser.add_argument("--rabbitmq", default="rabbitmq:5672", help="host and port (default: %(default)s)")
    parser.add_argument("--redis", default="redis:6379", help="host and port (default: %(default)s)")
    parser.add_argument("--simulators", action="store_true", help="for the simulated Paystack: a key for it")
    parser.add_argument("--format", choices=("yaml", "env"), default="yaml")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is asked for."""
    key = os.environ.get("PAYSTACK_SECRET_KEY", "")
    if options.simulators and not key:
        key = f"sk_test_{secrets.token_hex(20)}"
    found = make(
        options.postgres, options.rabbitmq, options.redis, direct=options.postgres_direct or "", paystack_key=key
    )
    if options.format == "env":
        for name, data in found.items():
            for field, value in data.items():
                print(f"{name}/{field}={value!r}")
    else:
        documents = [_secret(name, data, options.namespace) for name, data in found.items()]
        yaml.safe_dump_all(documents, sys.stdout, sort_keys=False)
    return 0


def make(
    postgres: str, rabbitmq: str, redis: str, *, direct: str = "", paystack_key: str = ""
) -> dict[str, dict[str, str]]:
    """Return the Secrets by name.

    Args:
        postgres: host and port of the server, as processes reach it, perhaps by a PgBouncer; likewise the others.
        direct: PostgreSQL past the PgBouncer, if there is one.
        paystack_key: of the account, or of the simulator.
    """
    direct = direct or postgres
    passwords = {server: secrets.token_urlsafe(24) for server in ("postgres", "rabbitmq", "redis")}
    owner = f"postgresql://shopsite:{passwords['postgres']}@{direct}/shopsite"
    pooled = owner.replace(f"@{direct}/", f"@{postgres}/")
    brokers = {
        "AMQP_URL": f"amqp://shopsite:{passwords['rabbitmq']}@{rabbitmq}/",
        "REDIS_URL": f"redis://:{passwords['redis']}@{redis}/0",
    }
    private, public = _keys()
    found = {f"{server}-server": {"password": password} for server, password in passwords.items()}
    found["database-owner"] = {"DATABASE_URL": owner}
    for service in SERVICES:
        own = {
            f"DATABASE_URL_{service.upper()}": derived_url(pooled, service),
            "RELAY_DATABASE_URL": derived_url(owner, service),
        }
        found[f"{service}-credentials"] = own | brokers | _of_your_own(service)
    if paystack_key:
        found["payments-credentials"]["PAYSTACK_SECRET_KEY"] = paystack_key
    found["identity-credentials"]["SECRET_KEY"] = secrets.token_urlsafe(48)
    for part in GATEWAY:
        found[f"{part}-credentials"] = dict(brokers)
    found |= {f"{name}-key": {"service.pem": key} for name, key in private.items()}
    found["public-keys"] = public
    return found


def _keys() -> tuple[dict[str, str], dict[str, str]]:
    """Return the private keys of service tokens by caller, and the public ones by file."""
    names = (*SERVICES, *GATEWAY)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            make_pair(Path(folder, f"{name}.key"), Path(folder, f"{name}.pem"))
        private = {name: Path(folder, f"{name}.key").read_text() for name in names}
        public = {f"{name}.pem": Path(folder, f"{name}.pem").read_text() for name in names}
    return private, public


def _of_your_own(service: str) -> dict[str, str]:
    return {name: os.environ[name] for name in OF_YOUR_OWN.get(service, ()) if os.environ.get(name)}


def _secret(name: str, data: Mapping[str, str], namespace: str) -> dict[str, object]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": encoded}
