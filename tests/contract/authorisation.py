"""The table of who may do what, authorisation.txt, as tests read it."""

from dataclasses import dataclass
from pathlib import Path

SIGNED_IN = ("stranger", "owner", "staff", "admin")
BAD = ("expired", "tampered", "alg none", "HS256 with the public key", "refresh token")
CALLERS = ("nobody", *SIGNED_IN, *BAD)


@dataclass(frozen=True)
class Row:
    """A line of authorisation.txt."""

    method: str
    path: str
    who: str
    whose: str
    answer: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def passed(self) -> set[int]:
        return {int(status) for status in self.answer.split("/")}

    def expected(self, caller: str) -> set[int]:
        """Return the statuses of which the caller must get one."""
        if caller in BAD and self.whose != "ignored":
            return {401}
        if self.who == "A":
            return self.passed
        if self.who == "Paystack" or caller == "nobody":
            return {401}
        return self.passed if self.may(caller) else {404 if self.who == "C" else 403}

    def may(self, caller: str) -> bool:
        allowed = {"S": {"staff", "admin"}, "M": {"admin"}}
        if self.who in allowed:
            return caller in allowed[self.who]
        _, _, also = self.whose.partition("+")
        return not self.whose.startswith("own") or caller == "owner" or caller in allowed.get(also, ())


def _table() -> list[Row]:
    lines = (Path(__file__).parent / "authorisation.txt").read_text().splitlines()
    return [Row(*line.split()) for line in lines if line and not line.startswith("#")]


ROWS = _table()
