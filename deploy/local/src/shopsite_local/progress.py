"""Telling people what happens: a line when something is done, a sign of life while it is not."""

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TextIO

SIGN_OF_LIFE_SECONDS = 8.0


class Progress:
    """Prints steps with their time; plain lines, the same on a terminal and in a log."""

    def __init__(self, out: TextIO | None = None) -> None:
        """Takes where to print, standard output by default."""
        self._out = out
        self._began = time.monotonic()
        self._last = self._began

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def say(self, sentence: str) -> None:
        """One line, with the seconds since the beginning."""
        self._last = time.monotonic()
        print(f"{self.seconds:6.1f} s  {sentence}", file=self._out, flush=True)

    def waiting(self, names: Iterable[str]) -> None:
        """Names what is awaited, if nothing was said for a while."""
        if time.monotonic() - self._last > SIGN_OF_LIFE_SECONDS:
            self.say(f"… waiting for {', '.join(names)}")

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Says what begins, that it goes on, and that it is done."""
        self.say(name)
        over = threading.Event()
        thread = threading.Thread(target=self._alive, args=(name, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _alive(self, name: str, over: threading.Event) -> None:
        while not over.wait(SIGN_OF_LIFE_SECONDS):
            self.say(f"… {name.split(' (', maxsplit=1)[0]}")
