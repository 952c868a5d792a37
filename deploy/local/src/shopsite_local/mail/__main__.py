"""Runs the mail catcher: `python -m shopsite_local.mail`."""

import os

from shopsite_local.mail.app import Options, create_app
from shopsite_local.serving import Address, serve

DEFAULT_PORT = 8002
DEFAULT_SMTP_PORT = 8004


def main() -> None:
    """Reads PORT, SMTP_PORT, BIND_HOST and STATE_DIR, and serves until stopped."""
    address = Address.from_environment(port=DEFAULT_PORT)
    smtp_port = int(os.environ.get("SMTP_PORT") or DEFAULT_SMTP_PORT)
    serve(create_app(Options(state_dir=address.state_dir, smtp_host=address.host, smtp_port=smtp_port)), address)


if __name__ == "__main__":
    main()
