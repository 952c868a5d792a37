"""Whether everything that one side sends can be read by the other, both told by JSON Schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = {"minimum": float("-inf"), "exclusiveMinimum": float("-inf"), "minLength": 0, "minItems": 0}
_WORDS = ("pattern", "format")


@dataclass(frozen=True)
class Node:
    """A schema within its document, in which its references are looked up."""

    root: Json
    schema: Json

    @property
    def resolved(self) -> Json:
        """The schema itself, references followed."""
        schema = self.schema
        while "$ref" in schema:
            target: Any = self.root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            schema = target
        return schema

    @property
    def alternatives(self) -> list["Node"]:
        """What it may be, one by one: the branches of `anyOf`, of `oneOf` and of a list of types."""
        schema = self.resolved
        for branching in ("anyOf", "oneOf"):
            if branching in schema:
                return [each for branch in schema[branching] for each in self.at(branch).alternatives]
        if isinstance(kinds := schema.get("type"), list):
            return [self.at({**schema, "type": kind}) for kind in kinds]
        return [self.at(schema)]

    def at(self, schema: Json) -> "Node":
        """Return another schema of the same document."""
        return Node(self.root, schema)

    @property
    def kind(self) -> str:
        """The JSON type, or `anything`."""
        return str(self.resolved.get("type", "anything"))

    @property
    def words(self) -> list[Any] | None:
        """The values that it is limited to, if it is."""
        schema = self.resolved
        return [schema["const"]] if "const" in schema else schema.get("enum")

    @property
    def properties(self) -> dict[str, "Node"]:
        """The fields of an object."""
        return {name: self.at(schema) for name, schema in self.resolved.get("properties", {}).items()}

    @property
    def is_deprecated(self) -> bool:
        """Whether readers were told to do without it."""
        return bool(self.schema.get("deprecated") or self.resolved.get("deprecated"))

    @property
    def required(self) -> set[str]:
        """The fields that are always there."""
        return set(self.resolved.get("required", ()))


@dataclass(frozen=True)
class Misfit:
    """What the reader can't read: where, and in words what is sent and what would be read."""

    where: str
    kind: str  # missing | type | value | bound
    detail: str = ""


def misfits(
    sent: Node, read: Node, *, tolerant: bool = False, where: str = "", seen: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[Misfit]:
    """Yield whatever of `sent` does not fit `read`.

    A tolerant reader checks no values, and does without what was deprecated.
    """
    pair = (id(sent.resolved), id(read.resolved))
    if pair in seen:
        return
    for each in sent.alternatives:
        tries = [
            list(_misfits(each, other, tolerant=tolerant, where=where, seen=seen | {pair}))
            for other in read.alternatives
            if _same_kind(each, other)
        ]
        if not tries:
            known = " or ".join(sorted({other.kind for other in read.alternatives}))
            yield Misfit(where, "type", f"{each.kind}, not {known}")
        elif all(tries):
            yield from min(tries, key=len)


def _same_kind(sent: Node, read: Node) -> bool:
    return read.kind in {"anything", sent.kind} or (sent.kind == "integer" and read.kind == "number")


def _misfits(
    sent: Node, read: Node, *, tolerant: bool, where: str, seen: frozenset[tuple[int, int]]
) -> Iterator[Misfit]:
    if not tolerant:
        yield from _unknown_words(sent, read, where)
        yield from _tighter_bounds(sent, read, where)
    deprecated = {name for name, field in read.properties.items() if field.is_deprecated}
    for name in sorted(read.required - sent.required - (deprecated if tolerant else set())):
        yield Misfit(joined(where, name), "missing")
    for name, field in read.properties.items():
        if name in sent.properties:
            yield from misfits(sent.properties[name], field, tolerant=tolerant, where=joined(where, name), seen=seen)
    if "items" in sent.resolved and "items" in read.resolved:
        parts = (sent.at(sent.resolved["items"]), read.at(read.resolved["items"]))
        yield from misfits(*parts, tolerant=tolerant, where=f"{where}[]", seen=seen)


def _unknown_words(sent: Node, read: Node, where: str) -> Iterator[Misfit]:
    if read.words is None:
        return
    if sent.words is None:
        yield Misfit(where, "value", "any value, where a few are known")
    for word in sent.words or ():
        if word not in read.words:
            yield Misfit(where, "value", repr(word))


def _tighter_bounds(sent: Node, read: Node, where: str) -> Iterator[Misfit]:
    of_sent, of_read = sent.resolved, read.resolved
    broken = [
        *(name for name in _UPPER if name in of_read and of_sent.get(name, float("inf")) > of_read[name]),
        *(name for name, least in _LOWER.items() if name in of_read and of_sent.get(name, least) < of_read[name]),
        *(name for name in _WORDS if name in of_read and of_sent.get(name) != of_read[name]),
    ]
    for name in broken:
        yield Misfit(where, "bound", f"{name} {of_read[name]}")


def removals(old: Node, new: Node, where: str = "", seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Yield what a schema had and has no more, unless it was deprecated: "`field`", "value 'X' of `field`"."""
    if id(old.resolved) in seen:
        return
    deeper = seen | {id(old.resolved)}
    for branch in old.alternatives:
        same = [other for other in new.alternatives if _same_kind(branch, other)]
        for word in branch.words or ():
            if same and all(other.words is not None and word not in other.words for other in same):
                yield f"value {word!r} of `{where}`"
        yield from _removed_parts(branch, same, where, deeper)


def _removed_parts(old: Node, same: list[Node], where: str, seen: frozenset[int]) -> Iterator[str]:
    for name, field in old.properties.items():
        found = [other.properties[name] for other in same if name in other.properties]
        if same and not found and not field.is_deprecated:
            yield f"`{joined(where, name)}`"
        for other in found[:1]:
            yield from removals(field, other, joined(where, name), seen)
    for other in same:
        if "items" in old.resolved and "items" in other.resolved:
            parts = (old.at(old.resolved["items"]), other.at(other.resolved["items"]))
            yield from removals(*parts, f"{where}[]", seen)


def joined(where: str, name: str) -> str:
    """Return the path of a field: `items[].unit_price`."""
    return f"{where}.{name}" if where else name
