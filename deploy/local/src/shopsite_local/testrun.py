"""`make test`: one pytest over everything, with a private shop and private servers beside it."""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shopsite_local import control, packages, shop, testservers
from shopsite_local.checkouts import python
from shopsite_local.commands import show
from shopsite_local.layout import ROOT, Instance, logs_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress


def run_all(home: Path, arguments: Sequence[str]) -> int:
    """Starts both, runs pytest, stops what it started; returns pytest's exit code."""
    progress = Progress()
    instance = shop.fresh(home / "shop", "test")
    shared_servers = control.is_running(home)
    try:
        code = _run(instance, home, arguments, progress)
    finally:
        _stop([instance.home] if shared_servers else [instance.home, home])
    if code:
        print(f"Logs of the shop that was tested: {logs_of(instance.home)}", file=sys.stderr)
    return code


def _stop(homes: Sequence[Path]) -> None:
    """Side by side: a clean stop of RabbitMQ takes its seconds."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(shop.down, homes))


def _run(instance: Instance, home: Path, arguments: Sequence[str], progress: Progress) -> int:
    try:
        shop.start(instance, progress)
        packages.ensure(instance.home, progress, packages.FOR_TESTS)
        servers = testservers.start(home)
        shop.wait(instance, progress)
    except RunnerError as problem:
        raise RunnerError("The shop for the tests did not come up; no test was run.", str(problem)) from problem
    progress.say("the shop for tests is up and healthy; pytest begins")
    known = {**control.ask(instance.home, "facts")["facts"], **servers}
    return show(python("pytest", *arguments), env={**environment(), **known}, cwd=ROOT)


def environment() -> dict[str, str]:
    """The caller's, without what would point tests at another shop; `make test-long` stays one."""
    stale = (
        "DATABASE_URL",
        "AMQP_URL",
        "REDIS_URL",
        "SHOPSITE_",
        "PAYSTACK_",
        "CLOUDINARY_",
        "EMAIL_",
        "OTEL_",
        "MAKE",
        "MFLAGS",
    )
    kept = {"SHOPSITE_TEST_LONG"}
    return {name: value for name, value in os.environ.items() if name in kept or not name.startswith(stale)}
