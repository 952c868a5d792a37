"""Whose processes the servers are: root's shop drops to the servers' own users, an ordinary user's are that user's."""

import os
import pwd
import shutil
from pathlib import Path

from shopsite_local.commands import NOT_STARTED, run
from shopsite_local.layout import digest_of
from shopsite_local.problems import RunnerError

SERVER_USERS = ("postgres", "redis", "rabbitmq")  # made by the packages of the same servers


def is_root() -> bool:
    """Whether servers have to drop their rights."""
    return os.geteuid() == 0


def as_user(user: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command under the rights of a user; setpriv becomes the command, so that the pid stays."""
    if not is_root():
        return argv
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *argv)


def own(path: Path, user: str) -> Path:
    """Gives a file or folder to a server's user, closed to all others."""
    if is_root():
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    path.chmod(0o700 if path.is_dir() else 0o600)
    return path


def servers_home(home: Path) -> Path:
    """The folder for the servers' data.

    It is `<home>/servers`, except for root in a checkout that the servers' users cannot enter (below /root, or any
    folder of mode 0700). Opening somebody's parent folders with chmod would open more than was asked for, and a server
    that keeps root's rights refuses to run; so the data then stands in /var/lib/shopsite-<digest of home>, and
    `<home>/servers` is a link to it, followed by `make reset` too.
    """
    inside = home / "servers"
    if inside.exists():
        return inside.resolve()
    inside.unlink(missing_ok=True)  # a link whose end is gone
    if not is_root() or all(_can_enter(user, home) for user in SERVER_USERS):
        inside.mkdir(mode=0o755)
        return inside
    outside = Path("/var/lib") / f"shopsite-{digest_of(home)}"
    outside.mkdir(mode=0o755, exist_ok=True)
    inside.symlink_to(outside)
    return outside


def _can_enter(user: str, folder: Path) -> bool:
    done = run(as_user(user, ("test", "-x", str(folder))))
    if done.code == NOT_STARTED:
        raise RunnerError("setpriv is missing.", "Install it with: apt-get install util-linux")
    return done.code == 0
