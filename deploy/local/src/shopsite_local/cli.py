"""The runner of a local shop: every part a process of this machine, kept alive by one supervisor."""

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from shopsite_local import containers, control, daemon, facts, mailpreview, shop, table, testrun, testservers
from shopsite_local.chaos.profile import PROFILES
from shopsite_local.commands import show
from shopsite_local.demo import Demo
from shopsite_local.layout import ROOT, Instance, Kind, logs_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress
from shopsite_local.settings import for_instance, port_base
from shopsite_local.story import Storyteller
from shopsite_local.supervisor import ACTIONS, Supervisor

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when it did what it says, 1 with a sentence on stderr when it could not."""
    options, rest = parser().parse_known_args(arguments)
    if rest and options.command not in {run_tests, run_container_tests, recount, tend_dead_letters}:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    command: Command = options.command
    try:
        code = command(options)
        sys.stdout.flush()
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `make demo | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def parser() -> argparse.ArgumentParser:
    """The commands and their help."""
    top = argparse.ArgumentParser(prog="python -m shopsite_local", description=__doc__)
    home = Path(os.environ.get("SHOPSITE_RUNNER_DIR") or ROOT / ".local")
    top.add_argument("--home", type=lambda text: Path(text).resolve(), default=home, help="the data folder")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    plain: dict[str, tuple[Command, str]] = {
        "up": (up, "start the shop, return when it is healthy"),
        "down": (down, "stop it, the data kept"),
        "reset": (reset, "stop it and drop the data"),
        "ps": (ps, "one line a process: NAME PID STATE"),
        "env": (env, "addresses and settings as KEY=VALUE lines for a shell"),
        "demo": (buy, "buy something on the running shop, and show each step with its time, events and mails"),
        "mail-preview": (preview_mails, "every mail with sample data, as people see it, on one page of pictures"),
        "invariants": (recount, "recount the running shop; other arguments go to shopsite_invariants"),
        "test": (run_tests, "pytest over everything, on a private shop; other arguments go to pytest"),
        "test-compose": (run_container_tests, "the same for the whole-system tests, on a shop of Docker Compose"),
    }
    for name, (command, says) in plain.items():
        commands.add_parser(name, help=says).set_defaults(command=command)
    _add_chaos(commands.add_parser("chaos", help="buyers buy while everything is killed and cut; nothing may be lost"))
    _add_story(commands.add_parser("story", help="all that happened around an order, for an admin's eyes"))
    _add_ctl(commands.add_parser("ctl", help="act on one process"))
    _add_logs(commands.add_parser("logs", help="follow the logs of a service or a process"))
    letters = commands.add_parser("dead-letters", help="what no handler could take", add_help=False)
    letters.set_defaults(command=tend_dead_letters)
    _add_servers(commands.add_parser("servers", help="PostgreSQL, RabbitMQ and Redis for tests"))
    _add_supervise(commands.add_parser("supervise", help="the daemon itself; `up` starts it"))
    return top


def _add_story(story: argparse.ArgumentParser) -> None:
    story.add_argument("order", help="its id, or its number as in a mail's subject: SO-20261124-7F3K9Q")
    story.set_defaults(command=tell)


def _add_ctl(ctl: argparse.ArgumentParser) -> None:
    ctl.add_argument("action", choices=sorted(ACTIONS))
    ctl.add_argument("name", help="as in ps, e.g. orders-api")
    ctl.set_defaults(command=act)


def _add_chaos(chaos: argparse.ArgumentParser) -> None:
    chaos.add_argument("--seed", type=int, nargs="+", help="of plan and choices; several run one after the other")
    chaos.add_argument("--profile", choices=sorted(PROFILES), default="short", help="4 minutes or half an hour")
    chaos.add_argument("--report", type=Path, default=Path("chaos-report.json"), help="a file for everything as JSON")
    chaos.set_defaults(command=run_chaos)


def _add_logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("service", nargs="?", default="", help="e.g. orders, orders-api, postgres; all without")
    logs.add_argument("--lines", default="50", help="how many old lines to begin with")
    logs.set_defaults(command=follow)


def _add_servers(servers: argparse.ArgumentParser) -> None:
    servers.add_argument("what", choices=("up", "down", "env"))
    servers.set_defaults(command=serve_tests)


def _add_supervise(supervise: argparse.ArgumentParser) -> None:
    supervise.add_argument("--base", type=int, required=True)
    supervise.add_argument("--kind", choices=get_args(Kind), required=True)
    supervise.set_defaults(command=run_daemon)


def up(options: argparse.Namespace) -> int:
    """`make up`."""
    instance, progress = Instance(home=options.home, base=port_base()), Progress()
    if shop.up(instance, progress):
        print(f"\nThe shop is up and healthy after {progress.seconds:.0f} s.\n")
    else:
        print("The shop is already up and healthy; nothing changed.\n")
    print("\n".join(shop.address_lines(instance)))
    return 0


def down(options: argparse.Namespace) -> int:
    """`make down`."""
    progress = Progress()
    stopped = shop.down(options.home)
    print(f"The shop is down after {progress.seconds:.0f} s; its data is kept." if stopped else "The shop was not up.")
    return 0


def reset(options: argparse.Namespace) -> int:
    """`make reset`."""
    shop.reset(options.home)
    print("The shop is down and its data is gone.")
    return 0


def ps(options: argparse.Namespace) -> int:
    """`make ps`: tasks that have done their work are no processes any more."""
    for row in shop.rows(options.home):
        if not row["once"]:
            print(f"{row['name']} {row['pid'] or '-'} {row['state']}")
    return 0


def env(options: argparse.Namespace) -> int:
    """`make env`: of the running shop, or of the one that `up` would start."""
    print(facts.shell_lines(known_facts(options.home)))
    return 0


def known_facts(home: Path) -> dict[str, str]:
    """The facts of the running shop, or of the one that `up` would start."""
    if control.is_running(home):
        return dict(control.ask(home, "facts")["facts"])
    instance = Instance(home=home, base=port_base())
    return facts.of_shop(instance, for_instance(instance))


def buy(options: argparse.Namespace) -> int:
    """`make demo`."""
    if not control.is_running(options.home):
        raise RunnerError("The shop is not up.", "make up")
    Demo(control.ask(options.home, "facts")["facts"]).run()
    return 0


def tell(options: argparse.Namespace) -> int:
    """`make story`."""
    if not control.is_running(options.home):
        raise RunnerError("The shop is not up.", "make up")
    Storyteller(control.ask(options.home, "facts")["facts"]).tell(options.order)
    return 0


def preview_mails(_options: argparse.Namespace) -> int:
    """`make mail-preview`."""
    folder = ROOT / ".local" / "mail-preview"
    names = mailpreview.make(folder)
    print(f"{len(names)} mails: {(folder / 'index.html').as_uri()}")
    return 0


def recount(options: argparse.Namespace) -> int:
    """`make invariants`."""
    known = control.ask(options.home, "facts")["facts"]
    return show((sys.executable, "-m", "shopsite_invariants", *options.rest), env={**os.environ, **known}, cwd=ROOT)


def run_chaos(options: argparse.Namespace) -> int:
    """`make chaos`."""
    from shopsite_local.chaos import run as chaos_run  # much to import, which no other command waits for

    seeds = options.seed or [secrets.randbelow(10_000)]
    reports = []
    for report in chaos_run.run(ROOT / ".local" / "chaos", seeds=seeds, profile=PROFILES[options.profile]):
        reports.append(report)
        options.report.write_text(json.dumps([each.document() for each in reports], indent=2), encoding="utf-8")
        print("\n".join(report.lines()), flush=True)
    return 0 if all(report.holds for report in reports) else 1


def tend_dead_letters(options: argparse.Namespace) -> int:
    """`make dead-letters`: from the tables of all six services."""
    known = known_facts(options.home)
    command = (sys.executable, "-m", "shopsite_common.dead_letters", *options.rest)
    return show(command, env={**os.environ, **known}, cwd=ROOT)


def act(options: argparse.Namespace) -> int:
    """`make ctl`."""
    for row in control.ask(options.home, options.action, options.name)["parts"]:
        print(f"{row['name']} {row['pid'] or '-'} {row['state']}")
    return 0


def follow(options: argparse.Namespace) -> int:
    """`make logs`: becomes `tail`."""
    logs = sorted(logs_of(options.home).glob("*.log"))
    chosen = [log for log in logs if belongs(log.stem, options.service)]
    if not chosen:
        names = ", ".join(log.stem for log in logs) or "none yet"
        raise RunnerError(f"No log of {options.service!r}.", f"There are: {names}")
    os.execvp("tail", ["tail", "-n", options.lines, "-F", *map(str, chosen)])  # noqa: S606 - becomes the follower


def belongs(process: str, service: str) -> bool:
    """Whether a process is meant by a word: its own name, or the service it is of (`orders`: API, worker, migrate)."""
    return service in {"", process} or process in {f"{service}-api", f"{service}-worker", f"migrate-{service}"}


def serve_tests(options: argparse.Namespace) -> int:
    """`make servers` and `make servers-down`."""
    actions = {"up": testservers.up, "down": testservers.down, "env": testservers.show}
    actions[options.what](options.home / "test")
    return 0


def run_tests(options: argparse.Namespace) -> int:
    """`make test`."""
    return testrun.run_all(ROOT / ".local" / "test", options.rest)


def run_container_tests(options: argparse.Namespace) -> int:
    """`make test-compose`."""
    return containers.run_tests(ROOT / ".local" / "test-compose", options.rest)


def run_daemon(options: argparse.Namespace) -> int:
    """The supervisor's own process."""
    instance = Instance(home=options.home, base=options.base, kind=options.kind)
    daemon.detach()
    with daemon.only_one(instance.home):
        settings = for_instance(instance)
        known = testservers.facts(instance) if instance.kind == "servers" else facts.of_shop(instance, settings)
        asyncio.run(Supervisor(instance.home, table.parts_of(instance, settings), known).run())
    return 0
