"""Reading errors in tests."""

from typing import Any

import httpx

_MEMBERS = {"type", "title", "status", "code", "error", "details"}


def problem_of(answer: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    """Return the body of an error with this status, after a look whether it has the shop's one form.

    Raises:
        AssertionError: it has another status or form, or another code than the one asked for.
    """
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert set(body) >= _MEMBERS
    assert body["status"] == status
    assert code in {"", body["code"]}, answer.text
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    return body


def details_of(answer: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    """Return the particulars of an error that :func:`problem_of` finds right."""
    details: dict[str, Any] = problem_of(answer, status, code)["details"]
    return details
