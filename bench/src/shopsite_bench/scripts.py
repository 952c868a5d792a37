"""What wrk sends where one address again and again is not enough: Lua, written for the run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CYCLING = """
local prepared, next_one = {}, 0
function prepare()
  for i, each in ipairs({%s}) do
    prepared[i] = wrk.format(each.method, each.path, each.headers, each.body)
  end
end
function request()
  next_one = next_one %% #prepared + 1
  return prepared[next_one]
end
"""
_CHANGING = """
local path = %s
math.randomseed(os.time())
function request()
  local low = 100 + math.random(9000)
  return wrk.format("GET", (path:gsub("LOW", low):gsub("HIGH", low + math.random(40, 60) + math.random(100) / 100)))
end
"""
_DRAWING = """
local paths, most, next_one = {%s}, %d, 0
math.randomseed(os.time())
function request()
  next_one = next_one %% #paths + 1
  local price = string.format("%%.2f", 100.5 + math.random(0, 9900))
  return wrk.format("GET", (paths[next_one]:gsub("NUMBER", math.random(most)):gsub("PRICE", price)))
end
"""


@dataclass(frozen=True)
class Request:
    """One request of a round robin."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def lua(self) -> str:
        """A Lua table with the same."""
        headers = dict(self.headers) | ({"Content-Type": "application/json"} if self.body is not None else {})
        pairs = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        body = f", body = {json.dumps(json.dumps(self.body))}" if self.body is not None else ""
        return f"{{method = {json.dumps(self.method)}, path = {json.dumps(self.path)}, headers = {{{pairs}}}{body}}}"


def cycling(file: Path, requests: Sequence[Request]) -> Path:
    """Writes a script that sends these requests in turns."""
    file.write_text(_CYCLING % ",\n".join(each.lua() for each in requests), encoding="utf-8")
    return file


def changing(file: Path, path: str) -> Path:
    """Writes a script that asks for a path whose LOW and HIGH are another range of prices each time."""
    file.write_text(_CHANGING % json.dumps(path), encoding="utf-8")
    return file


def drawing(file: Path, paths: Sequence[str], *, most: int) -> Path:
    """Writes a script that asks for these paths in turns, whose NUMBER (to `most`) and PRICE are drawn each time."""
    file.write_text(_DRAWING % (", ".join(map(json.dumps, paths)), most), encoding="utf-8")
    return file
