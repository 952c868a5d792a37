"""Whether what a service sends fits those that are released, and what they send fits it."""

from collections.abc import Iterable, Iterator
from typing import Any

from shopsite_release.contract import Contract
from shopsite_release.fit import Misfit, Node, misfits, removals

Json = dict[str, Any]


def faults(now: Contract, before: Contract | None, neighbours: Iterable[Contract]) -> list[str]:
    """Return a sentence for each break, with the release that would meet it."""
    neighbours = list(neighbours)
    return list(
        dict.fromkeys(
            [
                *(_against_own(now, before, neighbours) if before else ()),
                *(fault for other in neighbours for fault in _sent_to(now, other)),
                *(fault for other in neighbours for fault in _heard_from(now, other)),
            ]
        )
    )


def _against_own(now: Contract, before: Contract, neighbours: list[Contract]) -> Iterator[str]:
    """Within a major, fields are only added; a new major goes out beside the old one while that is read."""
    for key, schema in before.publishes.items():
        readers = [str(other) for other in neighbours if key in other.consumes]
        if key not in now.publishes and readers:
            yield f"{key} is not sent any more, and {' and '.join(readers)} read it: send a new major beside it"
        elif key in now.publishes:
            lost = list(removals(_node(schema), _node(now.publishes[key])))
            yield from (f"{key}: {gone} is gone, which {before} sent" for gone in lost)
            for misfit in misfits(_node(now.publishes[key]), _node(schema), tolerant=True):
                if f"`{misfit.where}`" not in lost:
                    yield f"{key}: {_sentence(misfit, f'those who know {before}')}"


def _sent_to(now: Contract, reader: Contract) -> Iterator[str]:
    for key in sorted(now.publishes.keys() & reader.consumes.keys()):
        yield from _misread(key, now.publishes[key], reader.consumes[key], str(reader))


def _heard_from(now: Contract, sender: Contract) -> Iterator[str]:
    for key in sorted(sender.publishes.keys() & now.consumes.keys()):
        yield from _misread(key, sender.publishes[key], now.consumes[key], f"{now.service}, from {sender},")


def _misread(key: str, sent: Json, read: Json, reader: str) -> Iterator[str]:
    for misfit in misfits(_node(sent), _node(read)):
        yield f"{key}: {_sentence(misfit, reader)}"


def _sentence(misfit: Misfit, reader: str) -> str:
    return {
        "missing": f"`{misfit.where}` may be missing, and {reader} must find it",
        "type": f"`{misfit.where}` is {misfit.detail}, as {reader} must find it",
        "value": f"`{misfit.where}` may be {misfit.detail}, which {reader} can't read",
        "bound": f"`{misfit.where}` is past what {reader} can read ({misfit.detail})",
    }[misfit.kind]


def _node(schema: Json) -> Node:
    return Node(schema, schema)
