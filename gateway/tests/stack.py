"""The real Traefik with the real route files, in front of tiny back ends on free ports."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx
from backends import Backend, Identity, free_port
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from shopsite_authz import main as authz
from shopsite_authz.settings import Settings as AuthzSettings
from shopsite_portal import main as portal
from shopsite_portal.settings import Settings as PortalSettings

SERVICES = ("catalog", "cart", "orders", "payments", "notifications")
DEAD_REDIS = "redis://127.0.0.1:1"
TRAEFIK_FILES = Path(__file__).parents[1] / "traefik"


def static_options() -> dict[str, str]:
    lines = (TRAEFIK_FILES / "static.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Gateway:
    """One Traefik process over its own set of back ends."""

    def __init__(self, folder: Path, **settings: str):
        self.identity = Identity()
        self.backends: dict[str, Backend] = {name: Backend(name) for name in SERVICES}
        self.backends["identity"] = self.identity
        checks = self.authz_settings(folder, settings)
        self.backends["authz"] = Backend("authz", lambda: authz.create(checks), lifespan="on")
        pages = self.portal_settings(folder)
        self.backends["portal"] = Backend("portal", lambda: portal.create(pages), lifespan="on")
        self.settings = settings
        self.log = folder / "traefik.log"
        self.port = free_port()
        self.internal = free_port()

    def authz_settings(self, folder: Path, settings: dict[str, str]) -> AuthzSettings:
        key_file = folder / "authz.pem"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_file.write_bytes(ed25519.Ed25519PrivateKey.generate().private_bytes(*form))
        limits = {
            f"shopsite_rate_limit_{name}": int(settings.pop(name, 0)) for name in ("anonymous", "customer", "staff")
        }
        return AuthzSettings(
            identity_url=self.identity.url,
            service_key_file=key_file,
            state_dir=folder,
            redis_url=DEAD_REDIS,
            trusted_proxies=settings.get("TRUSTED_PROXIES", ""),
            **limits,
        )

    def portal_settings(self, folder: Path) -> PortalSettings:
        urls = {f"{name}_url": backend.url for name, backend in self.backends.items()}
        return PortalSettings(redis_url=DEAD_REDIS, state_dir=folder, shopsite_rate_limit_anonymous=0, **urls)

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
            if routed.status_code == httpx.codes.OK:
                return
        raise AssertionError(self.log.read_text())

    def __exit__(self, *_):
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=30)
        for backend in self.backends.values():
            backend.stop()

    def signed_in(self, **claims: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.identity.token(**claims)}"}

    def seen(self, service: str) -> list[dict]:
        return self.backends[service].seen

    def forget(self) -> None:
        for backend in self.backends.values():
            backend.seen.clear()
