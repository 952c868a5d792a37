"""Files that a process leaves for the next one to start with."""

import contextlib
import os
from pathlib import Path


def keep(path: Path, content: bytes) -> None:
    """Write a file so that nobody reads half of it, in whatever number of processes share the folder.

    It only saves a question at the next start, so a disk that is full or read-only is borne.
    """
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
