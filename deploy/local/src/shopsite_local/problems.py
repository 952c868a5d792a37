"""What can go wrong on a stranger's machine, said so that it can be mended."""


class RunnerError(Exception):
    """An error for people: what happened, and on the next lines what to do about it."""

    def __init__(self, what: str, *hints: str) -> None:
        super().__init__("\n".join((what, *(f"  {hint}" for hint in hints))))
