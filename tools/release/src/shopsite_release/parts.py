"""What has a version, a changelog and a tag of its own."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class ReleaseError(Exception):
    """What was asked for can't be done; the sentence says why."""


@dataclass(frozen=True)
class Part:
    """A workspace member that is released alone. ``folder`` counts from the repository's root."""

    name: str
    folder: str

    @property
    def is_service(self) -> bool:
        """Whether it has an API, events and a schema of its own."""
        return self.name in SERVICES

    @property
    def has_image(self) -> bool:
        """Whether a release of it is an image; the common library's is one of those that use it."""
        return self.name != "common"

    @property
    def tests(self) -> tuple[str, ...]:
        """The folders whose tests tell whether a change of it is right: its own, and those of what depends on it.

        No service imports another, so the others notice a change only in the whole shop; everybody imports the library.
        """
        return () if self.name == "common" else (self.folder, "tests/contract", "tests/e2e")

    def version(self, root: Path = ROOT) -> str:
        """Return the version that its project file has: the one place for it."""
        with (root / self.folder / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])

    def tag(self, version: str) -> str:
        """Return the name of a release's tag: ``orders-v1.3.0``."""
        return f"{self.name}-v{version}"


PARTS = {
    part.name: part
    for part in (
        *(Part(name, f"services/{name}") for name in SERVICES),
        Part("authz", "gateway/authz"),
        Part("portal", "gateway/portal"),
        Part("common", "libs/common"),
    )
}


def part_of(name: str) -> Part:
    """Return a part by its name.

    Raises:
        ReleaseError: there is none.
    """
    if name not in PARTS:
        raise ReleaseError(f"There is no part {name!r}; there are: {', '.join(PARTS)}.")
    return PARTS[name]


def numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers, which sort as versions do.

    Raises:
        ReleaseError: it is not three numbers.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version: give three numbers, as in 1.3.0.")
    return tuple(int(number) for number in version.split("."))
