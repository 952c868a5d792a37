"""Faults that a simulator shows on request, so that its callers can be tried against them."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

HTML_FAILURE = "<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


class CallFaults(BaseModel):
    """What goes wrong with the next API calls; pages and the simulator's own endpoints stay sound."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: int = Field(default=0, ge=0, le=120_000, description="Each answer waits this long, its work done.")
    fail_next: int = Field(default=0, ge=0, description="So many calls fail before they do anything.")
    fail_status: int = Field(default=500, ge=400, le=599, description="The status of those failures.")
    fail_body: Literal["json", "html"] = Field(default="json", description="What those failures bear.")
    drop_next: int = Field(default=0, ge=0, description="So many calls do their work and lose their answer.")

    def failure(self, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Response:
        """Returns the answer of a failing call: `body` as JSON, or a page as a broken proxy sends it."""
        if self.fail_body == "html":
            return HTMLResponse(HTML_FAILURE, status_code=self.fail_status)
        return JSONResponse(body, status_code=self.fail_status, headers=headers)


def laid_over(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `stored` with `patch` over it; null takes a name out, so that its default holds again."""
    return {name: value for name, value in {**stored, **patch}.items() if value is not None}


class LostReply(Response):
    """An answer that breaks off after its head: the server closes the connection, the client sees an error."""

    def __init__(self) -> None:
        super().__init__(status_code=200, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promises a body and never sends it."""
        del scope, receive
        headers = [(b"content-type", b"application/json"), (b"content-length", b"64")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def js_compact(value: object) -> bytes:
    """Returns `value` as the bytes that JavaScript's JSON.stringify gives: no blanks, UTF-8 unescaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
