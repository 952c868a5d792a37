"""What the repository knows of releases."""

import subprocess
from pathlib import Path

from shopsite_release.parts import ROOT, Part, ReleaseError, numbers


def git(*words: str, root: Path = ROOT) -> str:
    """Run git and return what it printed.

    Raises:
        ReleaseError: it failed; its own words.
    """
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def last_tag(part: Part, root: Path = ROOT) -> str | None:
    """Return the tag of a part's newest release, where this clone has it."""
    tags = git("tag", "--list", f"{part.name}-v*", root=root).split()
    return max(tags, key=lambda tag: numbers(tag.removeprefix(f"{part.name}-v")), default=None)


def changed_since(tag: str, folder: str, root: Path = ROOT) -> bool:
    """Tell whether a folder is another than it was at a tag."""
    return bool(git("diff", "--name-only", tag, "--", folder, root=root))
