"""Reading errors in tests."""

from typing import Any

import httpx

_MEMBERS = {"type", "title", "status", "code", "error", "details"}


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the body of an error with this status, after a look whether it has the shop's one form.

    Raises:
        AssertionError: it has another status or form.
    """
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert set(body) >= _MEMBERS
    assert body["status"] == status
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    return body
