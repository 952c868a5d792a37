"""Finding the servers' programs: Debian and Homebrew both keep some of them off the PATH."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

BREW_FOLDERS = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"), Path("/home/linuxbrew/.linuxbrew/opt"))


def newest_first(folders: Iterable[Path]) -> list[Path]:
    """By the number in the path, so that 17 comes before 9."""
    return sorted(folders, key=lambda path: [int(x) for x in path.as_posix().split("/") if x.isdigit()], reverse=True)


def _brewed(formulas: str, below: str) -> list[Path]:
    return [path / below for folder in BREW_FOLDERS for path in sorted(folder.glob(formulas), reverse=True)]


def postgres_folders() -> list[Path]:
    """Where initdb and postgres may be, best first."""
    return [*newest_first(Path("/usr/lib/postgresql").glob("*/bin")), *_brewed("postgresql@*", "bin")]


def rabbitmq_folders() -> list[Path]:
    """Where the server's own scripts may be; never Debian's wrappers in /usr/sbin, which insist on `su`."""
    return [Path("/usr/lib/rabbitmq/bin"), *_brewed("rabbitmq", "sbin")]


def find(program: str, folders: Iterable[Path] = (), *, on_path: bool = True) -> Path | None:
    """The program in one of the folders, else on the PATH, else None."""
    for folder in folders:
        if os.access(folder / program, os.X_OK):
            return folder / program
    found = shutil.which(program) if on_path else None
    return Path(found) if found else None


def find_postgres() -> Path | None:
    """The newest `postgres`; its folder has `initdb` too."""
    found = find("postgres", postgres_folders())
    return found.resolve() if found else None


def find_redis() -> Path | None:
    """`redis-server`."""
    return find("redis-server", _brewed("redis", "bin"))


def find_chromium() -> Path | None:
    """A browser of that family, which Playwright can drive."""
    folders = [Path("/Applications/Chromium.app/Contents/MacOS")]
    return next((found for name in ("chromium", "Chromium", "google-chrome") if (found := find(name, folders))), None)


def find_rabbitmq() -> Path | None:
    """`rabbitmq-server`, not the wrapper."""
    return find("rabbitmq-server", rabbitmq_folders(), on_path=False)
