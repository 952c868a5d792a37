"""Commands for operators: ``python -m shopsite_notifications manage …``."""

import argparse
import sys
from pathlib import Path

from shopsite_common.clock import utcnow
from shopsite_common.db import Database
from shopsite_notifications import service
from shopsite_notifications.deps import open_renderer
from shopsite_notifications.domain import subject_of
from shopsite_notifications.service.samples import SAMPLES
from shopsite_notifications.settings import Settings


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    preview = commands.add_parser("preview-mails", help="write every kind of mail with sample data as .html and .txt")
    preview.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    preview.set_defaults(run=preview_mails)
    retry = commands.add_parser("retry-failed", help="queue every failed mail again, except password resets")
    retry.set_defaults(run=retry_failed)


def preview_mails(arguments: argparse.Namespace) -> int:
    """Write the previews; no server is asked for anything."""
    renderer = open_renderer(Settings())
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    for kind, sample in SAMPLES.items():
        content = renderer.render(
            kind, subject=subject_of(kind, sample), context=sample, first_name="Ada", link="https://shop.example/reset"
        )
        (folder / f"{kind}.html").write_text(content.html, encoding="utf-8")
        (folder / f"{kind}.txt").write_text(content.text, encoding="utf-8")
    sys.stdout.write(f"{len(SAMPLES)} mails in {folder}\n")
    return 0


def retry_failed(_arguments: argparse.Namespace) -> int:
    """Queue the failed mails again and say how many there were."""
    database = Database(Settings().service_database_url, places=1)
    count = database.run_here(service.retry_failed, now=utcnow())
    database.close()
    sys.stdout.write(f"{count} mails queued again\n")
    return 0
