"""Runs the proxies of a test shop: `python -m shopsite_local.network`, with `LINKS=postgres=10060:10050,…`."""

import os

from shopsite_local.network.app import create_app
from shopsite_local.serving import Address, serve

DEFAULT_PORT = 8009


def parsed(links: str) -> dict[str, tuple[int, int]]:
    """Returns, per link, the port to listen on and the one to forward to."""
    pairs = (link.partition("=") for link in links.split(",") if link)
    return {name: (int(ports.partition(":")[0]), int(ports.partition(":")[2])) for name, _, ports in pairs}


if __name__ == "__main__":
    serve(create_app(parsed(os.environ.get("LINKS", ""))), Address.from_environment(port=DEFAULT_PORT))
