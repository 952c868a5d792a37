"""Where one running shop lives: its folders and its ports, counted from one base."""

import hashlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

ROOT = Path(__file__).resolve().parents[4]
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
LONGEST_SOCKET_PATH = 100  # bytes; macOS takes 104, Linux 108

Kind = Literal["shop", "test", "chaos", "bench", "servers"]


def _ports_of_services() -> dict[str, int]:
    """One row a service: API, worker, and the metrics of both."""
    rows: dict[str, int] = {}
    for number, service in enumerate(SERVICES, start=1):
        rows[f"{service}-api"] = 10 + number
        rows[f"{service}-worker"] = 20 + number
        rows[f"{service}-api-metrics"] = 30 + number
        rows[f"{service}-worker-metrics"] = 40 + number
    return rows


SERVER_OFFSETS = MappingProxyType(
    {
        "postgres": 50,
        "redis": 51,
        "amqp": 52,
        "rabbitmq-management": 53,
        "rabbitmq-distribution": 54,
        "epmd": 55,
        "rabbitmq-prometheus": 56,
    }
)

OFFSETS = MappingProxyType(
    {
        "gateway": 0,
        "paystack-simulator": 1,
        "mail": 2,
        "cloudinary-simulator": 3,
        "smtp": 4,
        "traefik-internal": 5,
        "traefik-authz": 6,
        "authz": 7,
        "portal": 8,
        "traces": 9,
        **_ports_of_services(),
        "authz-metrics": 47,
        "portal-metrics": 48,
        **SERVER_OFFSETS,
    }
)

# What the processes of a test shop reach through a proxy each, so that tests can make the network fail.
LINKS = (
    *("postgres", "redis", "amqp", "paystack-simulator", "smtp", "cloudinary-simulator"),
    *(f"{service}-api" for service in SERVICES),
)
NETWORK_OFFSETS = MappingProxyType({"network": 49, **{f"{name}-link": 60 + i for i, name in enumerate(LINKS)}})


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One set of processes with its own data folder and its own ports.

    Attributes:
        home: The data folder; everything that the processes write is below it.
        base: The port that all others are counted from.
        kind: `shop` is the one of `make up`, `test` the private one of `make test` (settings of the machine do not
            reach it), `chaos` the same with short deadlines and no sample catalog, `bench` the one that is measured:
            nothing between its processes and no quotas, `servers` only PostgreSQL, RabbitMQ and Redis for tests.
        through_links: Whether ports are those of the proxies where there are some: as the processes see it.
    """

    home: Path
    base: int
    kind: Kind = "shop"
    through_links: bool = False

    def port(self, name: str) -> int:
        """The port of a process's socket, by the names of `OFFSETS`."""
        link = f"{name}-link"
        if self.through_links and link in self.offsets:
            return self.base + self.offsets[link]
        return self.base + {**OFFSETS, **NETWORK_OFFSETS}[name]

    def seen_by_processes(self) -> Self:
        """The same instance with the ports that its processes use: a test shop's lie behind proxies."""
        return replace(self, through_links=True)

    def url(self, name: str) -> str:
        """The address that other processes of this machine use."""
        return f"http://127.0.0.1:{self.port(name)}"

    @property
    def offsets(self) -> dict[str, int]:
        """The sockets that this kind of instance opens."""
        if self.kind == "servers":
            return dict(SERVER_OFFSETS)
        return {**OFFSETS, **NETWORK_OFFSETS} if self.has_links else dict(OFFSETS)

    @property
    def has_links(self) -> bool:
        """Whether proxies stand between the processes, so that the network can be made to fail."""
        return self.kind in {"test", "chaos"}


def logs_of(home: Path) -> Path:
    """The folder with one log file a process."""
    return home / "logs"


def run_of(home: Path) -> Path:
    """The folder with locks, pids and the control socket: nothing here outlives a stop."""
    return home / "run"


def secrets_of(home: Path) -> Path:
    """The folder with generated passwords and keys, readable by the runner's user alone."""
    return home / "secrets"


def state_of(home: Path, name: str) -> Path:
    """The folder for a process's small files that outlive a restart."""
    return home / "state" / name


def digest_of(home: Path) -> str:
    """A short name for a data folder, the same as long as it stands where it stands."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]


def socket_of(home: Path) -> Path:
    """The control socket; outside the data folder where that one's path is too long for a Unix socket."""
    path = run_of(home) / "control.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"shopsite-{os.getuid()}-{digest_of(home)}" / "control.sock"


def make_private_folder(path: Path) -> Path:
    """Makes a folder that only its owner may enter.

    Raises:
        PermissionError: It exists already and is somebody else's (a trap laid in a shared temporary folder).
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")
    path.chmod(0o700)
    return path


def make_folders(home: Path) -> None:
    """Makes the data folder with its rooms; others may pass through it, as the servers' users must, and see nothing."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    for private in (logs_of(home), run_of(home), secrets_of(home), home / "state", socket_of(home).parent):
        make_private_folder(private)
