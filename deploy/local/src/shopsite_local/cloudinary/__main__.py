"""Runs the Cloudinary simulator: `python -m shopsite_local.cloudinary`."""

import os

from shopsite_local.cloudinary.app import create_app
from shopsite_local.cloudinary.cloud import Options
from shopsite_local.serving import Address, serve

DEFAULT_PORT = 8003


def main() -> None:
    """Reads the environment and serves until stopped."""
    address = Address.from_environment(port=DEFAULT_PORT)
    options = Options(
        cloud_name=os.environ.get("CLOUDINARY_CLOUD_NAME") or "shopsite",
        api_key=os.environ.get("CLOUDINARY_API_KEY") or "simulator-key",
        api_secret=os.environ.get("CLOUDINARY_API_SECRET") or "simulator-secret",
        public_url=address.public_url,
        state_dir=address.state_dir,
    )
    serve(create_app(options), address)


if __name__ == "__main__":
    main()
