"""The operations of the merged OpenAPI document, as the tests that go through all of them see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path; ``details`` is what the document says of it."""

    method: str
    path: str
    details: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        return str(self.details["operationId"])

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.details["responses"]}

    @property
    def media_types(self) -> dict[str, Any]:
        """What it reads: schemas by media type, empty if it reads no body."""
        found: dict[str, Any] = self.details.get("requestBody", {}).get("content", {})
        return found


def operations_of(document: dict[str, Any]) -> Iterator[Operation]:
    for path, entry in document["paths"].items():
        for method in _METHODS:
            if method in entry:
                yield Operation(method.upper(), path, entry[method])
