"""What of an API's document breaks those who use the released one."""

from collections.abc import Iterator
from typing import Any

from shopsite_release.fit import Misfit, Node, misfits, removals

Json = dict[str, Any]
_METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


def faults(old: Json, new: Json) -> list[str]:
    """Return a sentence for each break; what was added and nobody has to send is none."""
    found: dict[str, None] = {}
    for path, operations in old["paths"].items():
        for method in (name for name in _METHODS if name in operations and not operations[name].get("deprecated")):
            name = f"{method.upper()} {path}"
            other = new["paths"].get(path, {}).get(method)
            if other is None:
                found[f"{name} is gone"] = None
                continue
            before, after = Operation(old, operations[method]), Operation(new, other)
            found.update(dict.fromkeys(f"{name}: {fault}" for fault in _operation(before, after)))
    return list(found)


class Operation:
    """One operation within its document."""

    def __init__(self, root: Json, operation: Json) -> None:
        """Take both; nothing is looked up yet."""
        self.root, self.operation = root, operation
        self.parameters = {
            (parameter["in"], parameter["name"].lower()): parameter for parameter in operation.get("parameters", ())
        }
        self.body: Json = operation.get("requestBody", {})
        self.responses: Json = operation.get("responses", {})

    def node(self, holder: Json) -> Node:
        """Return the schema of a parameter, or of a body in one media type."""
        return Node(self.root, holder.get("schema", {}))

    @property
    def needs_credential(self) -> bool:
        """Whether it can't be called without one."""
        security = self.operation.get("security", ())
        return bool(security) and {} not in security


def _operation(old: Operation, new: Operation) -> Iterator[str]:
    if new.needs_credential and not old.needs_credential:
        yield "needs a credential now"
    yield from _parameters(old, new)
    yield from _body(old, new)
    for status, response in old.responses.items():
        if status not in new.responses:
            yield f"status {status} is gone"
        else:
            yield from _response(status, (old, response), (new, new.responses[status]))


def _parameters(old: Operation, new: Operation) -> Iterator[str]:
    for (place, name), parameter in new.parameters.items():
        before = old.parameters.get((place, name))
        if parameter.get("required") and not (before and before.get("required")):
            yield f"{place} parameter `{name}` is a new required input"
        if before is not None:
            yield from _input(old.node(before), new.node(parameter), f"{place} parameter `{name}`")
    for place, name in old.parameters.keys() - new.parameters.keys():
        if not old.parameters[place, name].get("deprecated"):
            yield f"{place} parameter `{name}` is gone"


def _body(old: Operation, new: Operation) -> Iterator[str]:
    if new.body.get("required") and not old.body.get("required"):
        yield "the body is a new required input"
    for media, content in old.body.get("content", {}).items():
        if media not in new.body.get("content", {}):
            yield f"a body of {media} is not taken any more"
        else:
            yield from _input(old.node(content), new.node(new.body["content"][media]), "the body")


def _input(old: Node, new: Node, what: str) -> Iterator[str]:
    """Compare what may be sent: all that the old one took, the new one must take."""
    for gone in removals(old, new):
        yield f"{gone.replace(' of ``', '')} of {what} is gone"
    for misfit in misfits(sent=old, read=new):
        field = f"`{misfit.where}` of {what}" if misfit.where else what
        yield {
            "missing": f"{field} is a new required input",
            "type": f"{field} changed its type: {_swapped(misfit)}",
            "value": f"{field} is limited to a few values now",
            "bound": f"{field} has a new limit: {misfit.detail}",
        }[misfit.kind]


def _swapped(misfit: Misfit) -> str:
    was, _, now = misfit.detail.partition(", not ")
    return f"{was} became {now}"


def _response(status: str, before: tuple[Operation, Json], after: tuple[Operation, Json]) -> Iterator[str]:
    (old, response), (new, other) = before, after
    for media, content in response.get("content", {}).items():
        if media not in other.get("content", {}):
            yield f"{status} is no longer {media}"
            continue
        replacement = other["content"][media]
        for code in content.get("examples", {}).keys() - replacement.get("examples", {}).keys():
            yield f"error code `{code}` of {status} is gone"
        yield from _output(old.node(content), new.node(replacement), status)


def _output(old: Node, new: Node, status: str) -> Iterator[str]:
    """Compare what is answered: all that the old one promised, the new one must hold. New values are borne."""
    lost = list(removals(old, new))
    for gone in lost:
        yield f"{gone} of {status} is gone"
    for misfit in misfits(sent=new, read=old, tolerant=True):
        if misfit.kind == "missing" and f"`{misfit.where}`" not in lost:
            yield f"`{misfit.where}` of {status} may be missing now"
        if misfit.kind == "type":
            now, _, was = misfit.detail.partition(", not ")
            yield f"`{misfit.where}` of {status} changed its type: {was} became {now}"
