"""Runs the Paystack simulator: `python -m shopsite_local.paystack`."""

from shopsite_local.paystack.app import create_app
from shopsite_local.paystack.options import Options
from shopsite_local.serving import Address, serve

DEFAULT_PORT = 8001


def main() -> None:
    """Reads the environment and serves until stopped."""
    address = Address.from_environment(port=DEFAULT_PORT)
    serve(create_app(Options.from_environment(address)), address)


if __name__ == "__main__":
    main()
