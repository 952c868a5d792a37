"""What of a letter may be shown, and what stays of it when its customer is erased. Pure: bodies in, bodies out.

Of a known contract its personal fields are masked. Of anything else every text is, unless its form shows that it is an
identifier, a moment or a name of ours: what is not known to be harmless is not shown. Logs are read with
more trust: ``shopsite_common.masking`` hides what looks like a secret or a person.
"""

import re
from typing import Any

import orjson

from shopsite_common.events import EventData, UnknownEvent, contract_of
from shopsite_common.masking import MASK

_ADDRESS = re.compile(r"[^\s<>@,;:\"'()\[\]=]+@[^\s<>@,;:\"'()\[\]=]+")
_HARMLESS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # an identifier
    r"|[0-9a-f]{32}|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"  # a trace
    r"|\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:\d{2})"  # a moment
)
_NAME_OF_OURS = re.compile(r"[A-Za-z0-9_./*+-]{1,120}")
_NAMES_OF_OURS = {"type", "source", "specversion", "datacontenttype"}
_SHORTEST_PHONE_NUMBER = 10**6
_MAX_REASON = 300
_SHORTEST_VALUE = 2  # a name of one letter is in every word


def read(body: bytes) -> Any:
    """Return the JSON of a body, or None."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def masked(body: bytes) -> Any:
    """Return a body's JSON without personal data, or None if it is no JSON."""
    document = read(body)
    if not isinstance(document, dict):
        return _strictly(document)
    contract = _contract(document)
    envelope = {key: _of_envelope(key, value) for key, value in document.items() if key != "data"}
    if "data" in document:
        envelope["data"] = _payload(document["data"], contract)
    return envelope


def anonymised(body: bytes) -> bytes:
    """Return what stays of a body when its customer is erased; a known event can still be decoded."""
    found = masked(body)
    return b"" if found is None else orjson.dumps(found)


def clean_reason(reason: str, body: bytes) -> str:
    """Return the first line of an error, without addresses and without the personal values of the body.

    The further lines of a database error quote rows and parameters.
    """
    line = (reason.splitlines() or [""])[0].replace("\x00", "")
    for value in sorted(_personal_values(read(body)), key=len, reverse=True):
        line = line.replace(value, MASK)
    return _ADDRESS.sub(MASK, line)[:_MAX_REASON]


def _contract(document: dict[str, Any]) -> type[EventData] | None:
    try:
        return contract_of(str(document.get("type")))
    except UnknownEvent:
        return None


def _of_envelope(key: str, value: Any) -> Any:
    known = key in _NAMES_OF_OURS and isinstance(value, str) and _NAME_OF_OURS.fullmatch(value)
    return value if known else _strictly(value)


def _payload(data: Any, contract: type[EventData] | None) -> Any:
    if contract is None or not isinstance(data, dict):
        return _strictly(data)
    return {key: _field(key, value, contract) for key, value in data.items()}


def _field(key: str, value: Any, contract: type[EventData]) -> Any:
    if key in contract.personal:
        return MASK
    return _without_addresses(value) if key in contract.model_fields else _strictly(value)


def _without_addresses(node: Any) -> Any:
    if isinstance(node, str):
        return _ADDRESS.sub(MASK, node)
    if isinstance(node, list):
        return [_without_addresses(child) for child in node]
    return {key: _without_addresses(child) for key, child in node.items()} if isinstance(node, dict) else node


def _strictly(node: Any) -> Any:
    if isinstance(node, str):
        return node if _HARMLESS.fullmatch(node) else MASK
    if isinstance(node, int) and abs(node) >= _SHORTEST_PHONE_NUMBER:
        return MASK
    if isinstance(node, list):
        return [_strictly(child) for child in node]
    return (
        {_ADDRESS.sub(MASK, key): _strictly(child) for key, child in node.items()} if isinstance(node, dict) else node
    )


def _personal_values(document: Any) -> list[str]:
    """Return the texts of a body that are masked when it is shown."""
    if not isinstance(document, dict) or not isinstance(data := document.get("data"), dict):
        return []
    contract = _contract(document)
    hidden = [value for key, value in data.items() if contract is None or key in contract.personal]
    return [value for value in hidden if isinstance(value, str) and len(value) >= _SHORTEST_VALUE]
