"""Customers at one connection each: what wrk can't do, because a request depends on the answer before it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shopsite_local.problems import RunnerError


@dataclass(frozen=True)
class Caller:
    """A customer at one connection that is kept."""

    url: str
    headers: Mapping[str, str]

    def post(self, connection: http.client.HTTPConnection, path: str, body: Any) -> Any:
        """Sends JSON and returns the answer's.

        Raises:
            RunnerError: it was refused.
        """
        fields = {**self.headers, "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), fields)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RunnerError(f"{path}: {answer.status} {content[:200]!r}")
        return json.loads(content)

    def connect(self) -> http.client.HTTPConnection:
        """Opens the connection."""
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
