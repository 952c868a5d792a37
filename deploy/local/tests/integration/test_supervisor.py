"""The supervisor with small processes of its own: nothing here needs a server."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from shopsite_common.testing import polling
from shopsite_local import control, marks
from shopsite_local.layout import logs_of, make_folders, run_of
from shopsite_local.parts import Part, Stage, http_ready
from shopsite_local.ports import free_base
from shopsite_local.problems import RunnerError
from shopsite_local.supervisor import Supervisor

DEADLINE = 20.0


def shell(name, script, **more):
    return Part(name=name, argv=("/bin/sh", "-c", script), env={"PATH": os.environ["PATH"]}, **more)


def eventually(true):
    """Asks in a thread: the supervisor that answers lives in this very event loop."""
    return polling.eventually(lambda: asyncio.to_thread(true), within=DEADLINE, every=0.02)


class Shop:
    def __init__(self, home):
        self.home = home
        self._task = None

    async def start(self, *parts):
        make_folders(self.home)
        self._task = asyncio.create_task(Supervisor(self.home, parts, {"KEY": "value"}).run())
        await eventually(lambda: control.is_running(self.home))

    async def ask(self, what, name=""):
        return await asyncio.to_thread(control.ask, self.home, what, name, seconds=DEADLINE)

    def row(self, name):
        return next(row for row in control.ask(self.home, "status")["parts"] if row["name"] == name)

    async def until(self, name, **wanted):
        def as_wanted():
            row = self.row(name)
            return row if all(row[key] == value for key, value in wanted.items()) else None

        return await eventually(as_wanted)

    async def end(self):
        if self._task is not None and not self._task.done():
            await self.ask("down")
            await self._task


@pytest.fixture
async def shop(tmp_path):
    shop = Shop(tmp_path / ".local")
    yield shop
    await shop.end()


async def test_a_process_that_is_killed_comes_back_under_another_pid(shop):
    await shop.start(shell("part", "exec sleep 60"))
    first = await shop.until("part", state="running")

    await shop.ask("kill", "part")
    second = await shop.until("part", state="running")

    assert second["pid"] not in {None, first["pid"]}


async def test_a_signal_from_outside_is_a_death_too(shop):
    await shop.start(shell("part", "exec sleep 60"))
    first = await shop.until("part", state="running")

    os.kill(first["pid"], signal.SIGKILL)

    await eventually(lambda: shop.row("part")["pid"] not in {None, first["pid"]})
    assert "killed by SIGKILL" in (logs_of(shop.home) / "part.log").read_text()


async def test_a_stopped_process_stays_stopped_until_it_is_started(shop):
    await shop.start(shell("part", "exec sleep 60"))
    await shop.until("part", state="running")

    await shop.ask("stop", "part")
    stopped = shop_row = await asyncio.to_thread(shop.row, "part")
    answer = await shop.ask("start", "part")

    assert (stopped["state"], shop_row["pid"]) == ("stopped", None)
    assert answer["parts"][0]["state"] == "running"


async def test_a_restart_gives_a_new_process(shop):
    await shop.start(shell("part", "exec sleep 60"))
    first = await shop.until("part", state="running")

    answer = await shop.ask("restart", "part")

    assert answer["parts"][0]["state"] == "running"
    assert answer["parts"][0]["pid"] != first["pid"]


async def test_a_frozen_process_can_be_resumed_and_stopped(shop):
    await shop.start(shell("part", "exec sleep 60"))
    row = await shop.until("part", state="running")

    await shop.ask("pause", "part")
    await eventually(lambda: marked(row["pid"]) == "T")
    await shop.ask("resume", "part")
    await eventually(lambda: marked(row["pid"]) != "T")
    await shop.ask("pause", "part")
    answer = await shop.ask("stop", "part")

    assert answer["parts"][0]["state"] == "stopped"


def marked(pid):
    """The state letter of a process in the system's own list."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_process_that_never_gets_up_is_called_failed_and_still_tried(shop):
    await shop.start(shell("part", "echo why it failed; exit 3"))

    row = await shop.until("part", state="failed")

    assert row["note"] == "exit code 3"
    assert "why it failed" in (logs_of(shop.home) / "part.log").read_text()


async def test_a_process_that_cannot_be_started_says_why(shop):
    await shop.start(Part(name="part", argv=("/nonexistent/program",)))

    row = await shop.until("part", state="failed")

    assert "/nonexistent/program" in row["note"]


async def test_what_a_dead_process_left_behind_ends_with_it(shop, tmp_path):
    child = tmp_path / "child"
    await shop.start(shell("part", f"sleep 60 & echo $! > {child}; wait"))
    row = await shop.until("part", state="running")
    orphan = int(await eventually(lambda: child.exists() and child.read_text()))

    os.kill(row["pid"], signal.SIGKILL)

    await eventually(lambda: not marks.born(orphan) or marked(orphan) == "Z")


async def test_a_part_waits_for_what_it_needs(shop, tmp_path):
    go = tmp_path / "go"
    await shop.start(
        shell("task", f"while [ ! -e {go} ]; do sleep 0.05; done", once=True),
        shell("part", "exec sleep 60", after=("task",)),
    )
    waiting = await shop.until("part", note="waits for task")
    go.touch()
    await shop.until("task", ready=True)
    running = await shop.until("part", state="running")

    assert waiting["pid"] is None
    assert running["pid"]


async def test_a_task_that_fails_is_tried_again_and_then_given_up(shop, tmp_path):
    tries = tmp_path / "tries"
    await shop.start(shell("task", f"echo try >> {tries}; exit 1", once=True))

    await shop.until("task", state="failed")
    before = len(tries.read_text().split())
    await shop.ask("retry")
    await eventually(lambda: len(tries.read_text().split()) == 2 * before)

    assert before == 3


async def test_a_process_is_running_only_when_it_answers(shop, tmp_path):
    port = free_base({"web": 0}, preferred=20000)
    (tmp_path / "ready").touch()
    serve = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path), str(port))
    await shop.start(
        Part(name="late", argv=serve, ready=http_ready(port, "/ready")),
        Part(name="never", argv=("/bin/sleep", "60"), ready=http_ready(port, "/missing")),
    )

    await shop.until("late", state="running")

    assert (await asyncio.to_thread(shop.row, "never"))["state"] == "starting"


async def test_everything_stops_in_the_order_of_stages(shop, tmp_path):
    ends = tmp_path / "ends"
    stages = {"server": Stage.SERVERS, "worker": Stage.WORKERS, "api": Stage.APIS, "gateway": Stage.GATEWAY}
    script = "trap 'echo {name} >> {ends}; exit 0' TERM; while :; do sleep 0.05; done"
    await shop.start(*(shell(name, script.format(name=name, ends=ends), stage=stage) for name, stage in stages.items()))
    for name in stages:
        await shop.until(name, state="running")
        await eventually(lambda name=name: caught_term(shop.row(name)["pid"]))

    await shop.end()

    assert ends.read_text().split() == ["gateway", "api", "worker", "server"]


def caught_term(pid):
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1


async def test_a_process_deaf_to_its_stop_signal_is_killed_after_its_grace(shop):
    await shop.start(shell("part", "trap '' TERM; while :; do sleep 0.05; done", grace=0.3))
    row = await shop.until("part", state="running")
    began = time.monotonic()

    await shop.ask("stop", "part")

    assert not marks.born(row["pid"])
    assert time.monotonic() - began < DEADLINE / 2


async def test_a_killed_supervisor_s_processes_are_found_and_ended(tmp_path):
    make_folders(tmp_path)
    orphan = await asyncio.create_subprocess_exec("/bin/sleep", "60", start_new_session=True)
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "60", start_new_session=True)
    pids = {"part": marks.mark(orphan.pid), "another": [str(stranger.pid), "born at another time"]}
    (run_of(tmp_path) / "pids.json").write_text(json.dumps(pids))

    ended = await asyncio.to_thread(marks.clear_leftovers, tmp_path)

    assert ended == ["part"]
    assert await orphan.wait() == -signal.SIGTERM
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_unknown_names_and_commands_are_refused_with_the_known_ones(shop):
    await shop.start(shell("part", "exec sleep 60"))

    with pytest.raises(RunnerError, match="unknown process 'prat': use one of part"):
        await shop.ask("stop", "prat")
    with pytest.raises(RunnerError, match="unknown command 'dance'"):
        await shop.ask("dance", "part")


async def test_the_facts_are_those_of_the_start(shop):
    await shop.start(shell("part", "exec sleep 60"))

    assert await shop.ask("facts") == {"facts": {"KEY": "value"}}
