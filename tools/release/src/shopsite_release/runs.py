"""What comparing promises can't show: releases that really run beside what is here.

Each part's last release is checked out once below ``.local/releases``, with a ``.venv`` of its own lock, and kept
until there is a newer one.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from shopsite_release.git import git, last_tag
from shopsite_release.parts import PARTS, ROOT, Part, ReleaseError

_FOLDER = ROOT / ".local" / "releases"
_SERVERS = ("-m", "shopsite_local", "--home", str(_FOLDER / "servers"), "servers")
_PURCHASE = "tests/e2e/test_purchase.py"


def planned(part: Part) -> dict[str, Callable[[], bool]]:
    """Return the runs that tell whether a part fits what is released, by what they try; each returns whether it passed.

    They need the tags of the releases; a part whose tag this clone lacks runs from here.
    """
    if part.name == "common":
        return {}  # it runs nowhere by itself
    own = last_tag(part)
    tags = {name: last_tag(each) for name, each in PARTS.items() if name not in {part.name, "common"}}
    others = {name: tag for name, tag in tags.items() if tag}
    runs: dict[str, Callable[[], bool]] = {}
    if own and part.is_service:
        runs[f"the tests of {own} on the schema of here"] = partial(_tests_pass, part, own)
    if others:
        runs[f"a purchase with {part.name} from here and {', '.join(others.values())}"] = partial(_buys, others)
    if own:
        runs[f"a purchase with {own} and all others from here"] = partial(_buys, {part.name: own})
    return runs


def checkout(tag: str) -> Path:
    """Return a work tree of a release with its own environment, made if it is not there yet.

    Raises:
        ReleaseError: it can't be made.
    """
    place = _FOLDER / tag
    if not place.exists():
        forget_older(tag)
        git("worktree", "add", "--detach", str(place), tag)
        (place / ".boot").mkdir()
        (place / ".boot" / "venv").symlink_to(
            ROOT / ".boot" / "venv"
        )  # uv itself; replaced if it wants another version
    made = subprocess.run([place / "deploy/local/bootstrap.sh"], capture_output=True, text=True, check=False)
    if made.returncode:
        raise ReleaseError(f"{tag} can't be set up: {made.stderr}")
    return place


def forget_older(tag: str, folder: Path = _FOLDER, root: Path = ROOT) -> None:
    """Remove the work trees of the part's other releases."""
    git("worktree", "prune", root=root)
    for old in folder.glob(f"{tag.rpartition('-v')[0]}-v*"):
        git("worktree", "remove", "--force", str(old), root=root)


def _tests_pass(part: Part, tag: str) -> bool:
    """Run a release's own tests on the revisions of here; its models alone may differ from them."""
    place = checkout(tag)
    migrations = {"MIGRATIONS_DIR": str(ROOT / part.folder / "migrations")}
    chosen = (
        "-m",
        "integration",
        "-k",
        "not models_and_migrations_agree",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
    )
    try:
        servers = _output((sys.executable, *_SERVERS, "up"))
        addresses = dict(line.split("=", 1) for line in servers.splitlines() if "=" in line)
        command = (str(place / ".venv/bin/python"), "-m", "pytest", part.folder, *chosen)
        return _succeeds(command, {**addresses, **migrations}, place)
    finally:
        subprocess.run((sys.executable, *_SERVERS, "down"), cwd=ROOT, capture_output=True, check=False)


def _buys(tags: Mapping[str, str]) -> bool:
    """Run the tests of a purchase of here on a shop some of whose parts are releases."""
    checkouts = {f"SHOPSITE_CHECKOUT_{name.upper()}": str(checkout(tag)) for name, tag in tags.items()}
    return _succeeds((sys.executable, "-m", "shopsite_local", "test", _PURCHASE, "-q", "--no-header"), checkouts, ROOT)


def _output(command: tuple[str, ...]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def _succeeds(command: tuple[str, ...], more: Mapping[str, str], place: Path) -> bool:
    return not subprocess.run(command, env={**os.environ, **more}, cwd=place, check=False).returncode
