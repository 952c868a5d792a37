"""The real Traefik with the real route files, in front of tiny back ends on free ports."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backends import Backend, StubAuthz, free_port  # noqa: E402

SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications", "portal")
TRAEFIK_FILES = Path(__file__).parents[1] / "traefik"


def static_options() -> dict[str, str]:
    lines = (TRAEFIK_FILES / "static.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Gateway:
    """One Traefik process over its own set of back ends."""

    def __init__(self, folder: Path, **settings: str):
        self.backends: dict[str, Backend] = {name: Backend(name) for name in SERVICES}
        self.backends["authz"] = StubAuthz("authz")
        self.settings = settings
        self.log = folder / "traefik.log"
        self.port = free_port()
        self.internal = free_port()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        own = {
            "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": f"127.0.0.1:{self.port}",
            "TRAEFIK_ENTRYPOINTS_INTERNAL_ADDRESS": f"127.0.0.1:{self.internal}",
            "TRAEFIK_ENTRYPOINTS_AUTHZ_ADDRESS": f"127.0.0.1:{free_port()}",
            "TRAEFIK_PROVIDERS_FILE_DIRECTORY": str(TRAEFIK_FILES / "dynamic"),
        }
        urls = {f"{name.upper()}_URL": backend.url for name, backend in self.backends.items()}
        return {"PATH": os.environ["PATH"]} | static_options() | own | urls | self.settings

    def __enter__(self):
        for backend in self.backends.values():
            backend.start()
        binary = Path(sys.executable).parent / "traefik"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([binary], env=self.environment(), stdout=log, stderr=log)
        self.wait_until_ready()
        self.http = httpx.Client(base_url=self.url, timeout=40)
        return self

    def wait_until_ready(self) -> None:
        for _ in range(200):
            threading.Event().wait(0.05)
            try:
                routed = httpx.get(f"{self.url}/.well-known/jwks.json", timeout=5)
            except httpx.TransportError:
                continue
            if routed.status_code != 404:
                return
        raise AssertionError(self.log.read_text())

    def __exit__(self, *_):
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=30)
        for backend in self.backends.values():
            backend.stop()

    def forget(self) -> None:
        for backend in self.backends.values():
            backend.seen.clear()


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory):
    settings = {"ALLOWED_HOSTS": "localhost,.shop.example", "CORS_ORIGINS": "https://shop.example"}
    with Gateway(tmp_path_factory.mktemp("gateway"), **settings) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway):
    shared_gateway.forget()
    return shared_gateway
