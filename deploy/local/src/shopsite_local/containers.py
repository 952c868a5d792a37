"""The shop of `docker compose` for `make test-compose`: its own project, its own ports, the settings of the example."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from shopsite_local import ports
from shopsite_local.checkouts import python
from shopsite_local.commands import FOREVER, Done, run, show
from shopsite_local.layout import ROOT, SERVICES, Instance, digest_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress
from shopsite_local.settings import FOR_TESTS, read_file
from shopsite_local.shop import await_health
from shopsite_local.testrun import environment

TESTS = ("test_purchase", "test_gateway", "test_security", "test_concurrency")
# That of a token outlasts the renewal of every container under load: who is refused then has no other reason.
TERMS = {"ACCESS_TOKEN_SECONDS": "3600"}
SERVERS = {"postgres": 5432, "redis": 6379, "amqp": 5672, "rabbitmq-management": 15672}


class Stack:
    """One Compose project; all that its commands need is in `environment`, for the scripts of `deploy/` too."""

    def __init__(self, home: Path) -> None:
        self._home = home
        preferred = ports.FIRST_FREE_BASE + int(digest_of(home), 16) % 200 * ports.STEP
        base = ports.free_base(Instance(home=home, base=preferred).offsets, preferred)
        self.at = Instance(home=home, base=base)
        self.settings = {**read_file(ROOT / ".env.example"), **FOR_TESTS, **TERMS, **self._ports()}

    @property
    def environment(self) -> dict[str, str]:
        """What makes `docker compose` mean this project."""
        files = (ROOT / "docker-compose.yml", self._home / "published.json")
        return {
            **environment(),
            "COMPOSE_PROJECT_NAME": f"shopsite-test-{digest_of(self._home)}",
            "COMPOSE_FILE": os.pathsep.join(map(str, files)),
            "COMPOSE_ENV_FILES": str(self._home / "settings"),
            "COMPOSE_PROFILES": "dev",
        }

    def prepare(self) -> None:
        """Writes the settings, and the servers' ports that tests look into."""
        self._home.mkdir(parents=True, exist_ok=True)
        lines = (f"{name}={value}\n" for name, value in self.settings.items())
        (self._home / "settings").write_text("".join(lines), encoding="utf-8")
        (self._home / "published.json").write_text(json.dumps({"services": self._published()}), encoding="utf-8")

    def compose(self, *words: str) -> Done:
        """Runs a command of Compose.

        Raises:
            RunnerError: It failed; its last words are in the message.
        """
        done = run(("docker", "compose", *words), env=self.environment, cwd=ROOT, seconds=FOREVER)
        if done.code:
            raise RunnerError(f"docker compose {' '.join(words)} failed:", *done.last_words())
        return done

    def facts(self) -> dict[str, str]:
        """What `make env` says of a shop of processes, of this one."""
        at, chosen = self.at, self.settings
        own = {
            f"DATABASE_URL_{name.upper()}": self._database(f"shopsite_{name}", f"{name.upper()}_DATABASE_PASSWORD")
            for name in SERVICES
        }
        return {
            **{name: chosen[name] for name in ("SHOPSITE_ADMIN_EMAIL", "SHOPSITE_ADMIN_PASSWORD", *FOR_TESTS)},
            "SHOPSITE_PORT_BASE": str(at.base),
            "SHOPSITE_URL": f"http://localhost:{at.port('gateway')}",
            "PAYSTACK_SIMULATOR_URL": f"http://localhost:{at.port('paystack-simulator')}",
            "MAIL_URL": f"http://localhost:{at.port('mail')}",
            "CLOUDINARY_SIMULATOR_URL": f"http://localhost:{at.port('cloudinary-simulator')}",
            "DATABASE_URL": self._database("shopsite", "POSTGRES_PASSWORD"),
            **own,
            "AMQP_URL": f"amqp://shopsite:{chosen['RABBITMQ_PASSWORD']}@127.0.0.1:{at.port('amqp')}/",
            "REDIS_URL": f"redis://:{chosen['REDIS_PASSWORD']}@127.0.0.1:{at.port('redis')}/0",
            "RABBITMQ_MANAGEMENT_URL": at.url("rabbitmq-management"),
            "SHOPSITE_RUNNER_DIR": str(self._home),
            "SHOPSITE_IN_CONTAINERS": "1",
        }

    def copy_keys(self) -> None:
        """Brings the services' own keys to where those of a shop of processes are, for tests that sign with them."""
        folder = self._home / "secrets" / "private"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for service in SERVICES:
            self.compose("cp", f"{service}-api:/var/lib/shopsite/service.pem", str(folder / f"{service}.pem"))
        self.compose("cp", "authz:/var/lib/shopsite/service.pem", str(folder / "authz.pem"))

    def _database(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{self.settings[password]}@127.0.0.1:{self.at.port('postgres')}/shopsite"

    def _ports(self) -> dict[str, str]:
        names = {"PAYSTACK": "paystack-simulator", "MAIL": "mail", "CLOUDINARY": "cloudinary-simulator"}
        moved = {f"SHOPSITE_{word}_PORT": str(self.at.port(name)) for word, name in names.items()}
        return {"SHOPSITE_PORT_BASE": str(self.at.base), **moved}

    def _published(self) -> dict[str, object]:
        """A network that leads nowhere publishes nothing, so each server joins the one that does."""

        def published(*names: str) -> dict[str, object]:
            return {
                "networks": ["edge"],
                "ports": [f"127.0.0.1:{self.at.port(name)}:{SERVERS[name]}" for name in names],
            }

        return {
            "postgres": published("postgres"),
            "redis": published("redis"),
            "rabbitmq": published("amqp", "rabbitmq-management"),
        }


def run_tests(home: Path, arguments: Sequence[str]) -> int:
    """`make test-compose`: builds, starts, runs the whole-system tests, takes everything down; pytest's exit code."""
    _need_docker()
    stack, progress = Stack(home), Progress()
    stack.prepare()
    try:
        progress.say("building the images")
        stack.compose("build", "--quiet")
        progress.say("starting the shop")
        stack.compose("up", "--detach")
        await_health(stack.at)
        stack.copy_keys()
        progress.say("the shop is up and healthy; pytest begins")
        chosen = arguments or [*(f"tests/e2e/{name}.py" for name in TESTS), "tests/compose"]
        return show(python("pytest", *chosen), env={**stack.environment, **stack.facts()}, cwd=ROOT)
    finally:
        stack.compose("down", "--volumes", "--timeout", "5")
        shutil.rmtree(home)


def _need_docker() -> None:
    if shutil.which("docker") is None:
        raise RunnerError("There is no `docker` on this machine.", "make test needs none; make test-compose does.")
    if (done := run(("docker", "info"))).code:
        raise RunnerError("No Docker daemon answers.", *done.last_words(2))
    if (done := run(("docker", "compose", "version"))).code:
        raise RunnerError("Docker has no `compose` command: Compose v2 is needed.", *done.last_words(2))


def act(action: str, name: str) -> None:
    """`make ctl` for containers. What is killed through the engine stays dead, so a kill is followed by a start."""
    steps = {"kill": ("kill", "start"), "resume": ("unpause",)}.get(action, (action,))
    for step in steps:
        _docker("compose", step, name)


def address(name: str, port: int = 8000) -> str:
    """Where the host reaches a container of ours that publishes nothing: Linux routes to the bridge."""
    container = _docker("compose", "ps", "--quiet", name).split()[0]
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    return f"http://{_docker('inspect', '--format', form, container).split()[0]}:{port}"


def _docker(*words: str) -> str:
    """Runs a command of Docker under the environment of `Stack`, which the tests run under; returns its output."""
    done = run(("docker", *words), cwd=ROOT)
    if done.code:
        raise RunnerError(f"docker {' '.join(words)} failed:", *done.last_words())
    return done.out
