"""The event contracts on paper: a JSON Schema and a golden example a version, in ``libs/common/contracts``.

``python -m shopsite_common.contracts write`` renews them after a field was added; ``check`` and a test compare them
with the code: nobody changes a contract without seeing it.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import orjson
from pydantic import BaseModel

from shopsite_common.events import ANY_SERVICE, CONTRACTS, EventData

_FOLDER = Path(__file__).parents[2] / "contracts"
_ID = UUID("01a20d1f-8826-74ee-a8d3-a0aec5f2da44")
_MOMENT = datetime.fromisoformat("2026-11-24T10:00:00+00:00")
_EXAMPLES: dict[type, Any] = {
    UUID: _ID,
    datetime: _MOMENT,
    Decimal: Decimal("1999.50"),
    int: 3,
    bool: True,
    str: "text",
    dict: {"status": "SHIPPED"},
}


def documents() -> dict[str, bytes]:
    """Return the content of every file by its name: ``orders.OrderCreated.v1.schema.json`` and ``….example.json``."""
    found: dict[str, bytes] = {}
    for key, contract in sorted(CONTRACTS.items()):
        name = key.replace(f"{ANY_SERVICE}.", "any.")
        found[f"{name}.schema.json"] = _json(contract.model_json_schema(mode="serialization"))
        found[f"{name}.example.json"] = _json(_example_event(contract))
    return found


def _example_event(contract: type[EventData]) -> dict[str, Any]:
    service = "orders" if contract.producer == ANY_SERVICE else contract.producer
    data = _example_of(contract)
    return {
        "specversion": "1.0",
        "id": str(_ID),
        "source": f"/{service}",
        "type": f"shopsite.{service}.{contract.type_name()}",
        "subject": data.subject,
        "time": _MOMENT.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": 1,
        "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00",
        "requestid": "golden",
        "data": data.model_dump(mode="json"),
    }


def _example_of(model: type[Any]) -> Any:
    return model(**{name: _value(field.annotation) for name, field in model.model_fields.items()})


def _value(annotation: Any) -> Any:
    """Return a fixed value of a field's type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    by_origin: dict[Any, Callable[[], Any]] = {
        Annotated: lambda: _value(arguments[0]),
        Literal: lambda: arguments[0],
        list: lambda: [_value(arguments[0])],
        dict: lambda: _EXAMPLES[dict],
        Union: lambda: _value(arguments[0]),
        UnionType: lambda: _value(arguments[0]),
    }
    if origin in by_origin:
        return by_origin[origin]()
    return _example_of(annotation) if issubclass(annotation, BaseModel) else _EXAMPLES[annotation]


def _json(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def write(folder: Path = _FOLDER) -> None:
    """Write every file, and remove those of contracts that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_bytes(content)


def stale(folder: Path = _FOLDER) -> list[str]:
    """Return the names of files that are missing, left over, or say something else than the code."""
    wanted = documents()
    there = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: Sequence[str]) -> str | None:
    """Do what the command line says; return the complaint with which the process ends, if there is one."""
    if list(arguments) == ["write"]:
        write()
        return None
    if list(arguments) == ["check"]:
        found = stale()
        return f"not as the code has them: {', '.join(found)}" if found else None
    return "usage: python -m shopsite_common.contracts write|check"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
