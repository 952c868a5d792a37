"""Starting and stopping a whole shop, and saying how it goes."""

import http.client
import shutil
import time
from pathlib import Path
from typing import Any

from shopsite_local import control, daemon, facts, fingerprint, marks, packages, ports, servers
from shopsite_local.keys import locked
from shopsite_local.layout import Instance, Kind, digest_of, logs_of, make_folders, run_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress
from shopsite_local.settings import for_instance

DISK_BYTES = 1_000_000_000
STUCK_SECONDS = 90.0  # without any change; a whole start may take longer
HEALTH_SECONDS = 30.0
POLL = 0.2

Row = dict[str, Any]


def up(instance: Instance, progress: Progress) -> bool:
    """Starts a shop unless it runs, waits until it is healthy; false when it was up and healthy already."""
    check_disk(instance.home)
    make_folders(instance.home)
    with locked(run_of(instance.home) / "up.lock"):
        if control.is_running(instance.home):
            return _again(instance, progress)
        start(instance, progress)
        wait(instance, progress)
        return True


def _again(instance: Instance, progress: Progress) -> bool:
    """A shop that runs is left alone; one that runs and is not well is waited for."""
    if all(row["ready"] for row in rows(instance.home)):
        return False
    progress.say("The shop is up, but not all of it; what failed is tried again")
    control.ask(instance.home, "retry")
    wait(instance, progress)
    return True


def start(instance: Instance, progress: Progress) -> None:
    """Starts the supervisor, and with it everything; returns at once."""
    packages.ensure(instance.home, progress)
    if left := marks.clear_leftovers(instance.home):
        progress.say(f"Ended what an earlier run had left: {', '.join(left)}")
    servers.end_epmd(instance)
    ports.check(instance)
    daemon.spawn(instance)


def fresh(home: Path, kind: Kind) -> Instance:
    """A shop without a past, on ports that nobody uses; not started yet."""
    check_disk(home)
    reset(home)
    make_folders(home)
    preferred = ports.FIRST_FREE_BASE + int(digest_of(home), 16) % 200 * ports.STEP
    base = ports.free_base(Instance(home=home, base=preferred, kind=kind).offsets, preferred)
    return Instance(home=home, base=base, kind=kind)


def check_disk(home: Path) -> None:
    """Refuses to start on a full disk, where servers would fail in ways harder to read.

    Raises:
        RunnerError: Less than 1 GB is free.
    """
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < DISK_BYTES:
        raise RunnerError(f"The disk is nearly full: {free // 1_000_000} MB are free at {place}, 1000 MB are needed.")


def rows(home: Path) -> list[Row]:
    """What the supervisor knows of each part."""
    status: list[Row] = control.ask(home, "status")["parts"]
    return status


def wait(instance: Instance, progress: Progress) -> None:
    """Waits until every part is ready and the shop says that it is healthy, telling each step.

    Raises:
        RunnerError: A part failed, or nothing moved for a long while; the end of the log is in the message.
    """
    said: set[str] = set()
    moved, before = time.monotonic(), ""
    while late := [row for row in _tell(rows(instance.home), said, progress) if not row["ready"]]:
        if failed := [row for row in late if row["state"] == "failed"]:
            raise RunnerError(*_explain(instance.home, failed[0], "failed"))
        now = repr([(row["name"], row["pid"]) for row in late])
        moved, before = (time.monotonic(), now) if now != before else (moved, before)
        if time.monotonic() - moved > STUCK_SECONDS:
            raise RunnerError(*_explain(instance.home, late[0], f"is not ready after {STUCK_SECONDS:.0f} s"))
        progress.waiting(row["name"] for row in late if row["pid"])
        time.sleep(POLL)
    await_health(instance)
    fingerprint.remember(instance, for_instance(instance))


def _tell(parts: list[Row], said: set[str], progress: Progress) -> list[Row]:
    fresh = [row["name"] for row in parts if row["ready"] and row["name"] not in said]
    said.update(fresh)
    if fresh:
        progress.say(f"{len(said):2}/{len(parts)}  {', '.join(fresh)}")
    return parts


def _explain(home: Path, row: Row, what: str) -> list[str]:
    log = logs_of(home) / f"{row['name']}.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if log.exists() else []
    return [f"{row['name']} {what} ({row['note']}). The end of {log}:", *lines]


def await_health(instance: Instance) -> None:
    """Asks the shop through its own gateway, as a customer would.

    Raises:
        RunnerError: It does not say 200 in time; the last answer is in the message.
    """
    deadline = time.monotonic() + HEALTH_SECONDS
    while (answer := _ask_health(instance.port("gateway")))[0] != http.client.OK:
        if time.monotonic() > deadline:
            raise RunnerError(f"GET /api/health/ answers {answer[0]}:", answer[1][:2000])
        time.sleep(POLL)


def _ask_health(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/health/", headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except OSError as problem:
        return 0, str(problem)
    finally:
        connection.close()


def down(home: Path) -> bool:
    """Stops a shop, or what a killed supervisor left of one; false when there was nothing to stop."""
    if not control.is_running(home):
        return bool(marks.clear_leftovers(home))
    control.ask(home, "down")
    if not control.wait_for_end(home):
        raise RunnerError("The supervisor does not end.", f"See {daemon.log_of(home)}")
    return True


def reset(home: Path) -> None:
    """Stops a shop and removes its data, wherever the servers keep theirs."""
    down(home)
    data = home / "servers"
    if data.is_symlink():
        shutil.rmtree(data.resolve(), ignore_errors=True)
    for path in home.iterdir() if home.exists() else ():
        if path.name != "test":  # the servers of tests are another instance
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def address_lines(instance: Instance) -> list[str]:
    """What to open in a browser, after a start."""
    known = facts.of_shop(instance, for_instance(instance))
    admin = f"{known['SHOPSITE_ADMIN_EMAIL']} / {known['SHOPSITE_ADMIN_PASSWORD']}"
    return [
        f"  shop       {known['SHOPSITE_URL']}/",
        f"  API docs   {known['SHOPSITE_URL']}/api/docs/",
        f"  admin      {admin}",
        f"  mail       {known['MAIL_URL']}/",
        f"  Paystack   {known['PAYSTACK_SIMULATOR_URL']}/   (simulator)",
        f"  Cloudinary {known['CLOUDINARY_SIMULATOR_URL']}/   (simulator)",
        f"  RabbitMQ   {known['RABBITMQ_MANAGEMENT_URL']}/   (user and password: make env)",
    ]
