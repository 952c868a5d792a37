"""The peer: django-oscar with its API, in an environment, a database and two processes of its own."""

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from shopsite_bench import beside
from shopsite_bench.load import Target
from shopsite_bench.stage import PASSWORD, PRODUCTS, Stage
from shopsite_local.commands import run
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError

CUSTOMERS = 16
_FOLDER = ROOT / "bench" / "peer"
_WORKERS = 2
_MANY_SECONDS = 600.0


@dataclass(frozen=True)
class Peer:
    """A running django-oscar.

    Attributes:
        url: where it listens; there is no gateway before it.
        signed_in: header fields of each customer's session.
        pids: whose CPU time is its own; PostgreSQL's is, too, as it is of the shop's.
    """

    url: str
    signed_in: tuple[dict[str, str], ...]
    pids: tuple[int, ...]
    stage: Stage

    def target(self, path: str) -> Target:
        """A path of its API."""
        return Target(f"{self.url}/api{path}", lambda: self.pids, self.stage.statements)


@contextlib.contextmanager
def running(stage: Stage) -> Iterator[Peer]:
    """Runs it, filled with as many products as the shop has; to be opened by `stage.once`, as four cases share it."""
    home = _environment(stage)
    env = {"PEER_DATABASE": _database(stage, home), "PYTHONPATH": str(_FOLDER), "PYTHONWARNINGS": "ignore"}
    port = beside.free_port()
    argv = [str(home / "bin" / "gunicorn"), f"--workers={_WORKERS}", f"--bind=127.0.0.1:{port}"]
    argv += [f"--control-socket={stage.scratch / 'peer.sock'}", "oscar_shop.wsgi"]
    with beside.running(argv, port=port, log=stage.logs / "peer.log", env=env) as server:
        signed_in = tuple(_sign_in(server.url, number) for number in range(CUSTOMERS))
        yield Peer(server.url, signed_in, (server.pid, stage.pid("postgres")), stage)


def _environment(stage: Stage) -> Path:
    """A virtual environment with what `requirements.txt` names; kept from run to run."""
    wanted = _FOLDER / "requirements.txt"
    home = ROOT / ".local" / f"bench-peer-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:10]}"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        uv = str(ROOT / ".boot" / "venv" / "bin" / "uv")
        with stage.progress.step("django-oscar gets an environment of its own"):
            _succeed(stage, uv, "venv", "--quiet", f"--python={ROOT / '.venv' / 'bin' / 'python'}", str(home))
            python = f"--python={home / 'bin' / 'python'}"
            _succeed(stage, uv, "pip", "install", "--quiet", "--no-deps", python, "-r", str(wanted))
        (home / "complete").touch()
    return home


def _database(stage: Stage, home: Path) -> str:
    """A database of its own in the shop's server, made at the first call; it gets its name when it is filled."""
    server = stage.facts["DATABASE_URL"].rpartition("/")[0]
    if not stage.query("SELECT 1 FROM pg_database WHERE datname = 'oscar'"):
        with stage.progress.step(f"django-oscar gets {PRODUCTS} products"):
            stage.query("DROP DATABASE IF EXISTS oscar_fresh")
            stage.query("CREATE DATABASE oscar_fresh")
            words = ("-W", "ignore", "-m", "oscar_shop.fill", str(PRODUCTS), str(CUSTOMERS), PASSWORD)
            _succeed(stage, "env", f"PEER_DATABASE={server}/oscar_fresh", str(home / "bin" / "python"), *words)
            stage.query("ALTER DATABASE oscar_fresh RENAME TO oscar")
    return f"{server}/oscar"


def _succeed(stage: Stage, *argv: str) -> None:
    log = stage.logs / "peer-setup.log"
    if run(argv, cwd=_FOLDER, log=log, seconds=_MANY_SECONDS).code:
        raise RunnerError(f"{argv[0]} failed. The end of {log}:", *log.read_text().splitlines()[-12:])


def _sign_in(url: str, number: int) -> dict[str, str]:
    """Opens a session, and returns the header fields that prove it."""
    account = {"username": f"buyer-{number}@example.com", "password": PASSWORD}
    answer = httpx.post(f"{url}/api/login/", json=account, timeout=30, trust_env=False).raise_for_status()
    session, token = (answer.cookies[name] for name in ("sessionid", "csrftoken"))
    return {"Cookie": f"sessionid={session}; csrftoken={token}", "X-CSRFToken": token}
