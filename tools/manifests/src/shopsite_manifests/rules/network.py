"""Rules for who may talk to whom: the policies, and the picture that docs/architecture.md gives of them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from shopsite_manifests.cluster import Cluster, selects
from shopsite_manifests.render import ROOT

Arrow = tuple[str, str]

DOCUMENT = ROOT / "docs" / "architecture.md"
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
PARTS = (*SERVICES, "authz", "portal", "traefik")
SERVERS = ("postgres", "rabbitmq", "redis")
_HEADING = "## Arrows of the network"
_ROW = re.compile(r"^\| ([a-z, ]+?) \| ([a-z, ]+?) \|", re.MULTILINE)


@cache
def documented() -> frozenset[Arrow]:
    """Return the arrows of the document's table: every name on the left to every name on the right."""
    section = DOCUMENT.read_text().partition(_HEADING)[2].partition("\n## ")[0]
    rows = (row for row in _ROW.findall(section) if row[0] != "from")
    return frozenset(
        (source.strip(), target.strip())
        for left, right in rows
        for source in left.split(",")
        for target in right.split(",")
    )


def arrows_are_those_of_the_document(cluster: Cluster) -> Iterator[str]:
    """What a policy lets out is in the document, and what is in the document some policy lets out."""
    allowed = set(_egress(cluster))
    for source, target in sorted(allowed - documented()):
        yield f"NetworkPolicy: {source} may talk to {target}, of which {DOCUMENT.name} does not tell"
    for source, target in sorted(documented() - allowed):
        yield f"NetworkPolicy: {source} may not talk to {target}, of which {DOCUMENT.name} tells"


def arrows_have_both_ends(cluster: Cluster) -> Iterator[str]:
    """What one part lets out the other lets in, and the reverse; a namespace begins with no right at all."""
    if not any(found["spec"] == _NOBODY for found in cluster.kind("NetworkPolicy")):
        yield "NetworkPolicy: nothing denies everything first"
    out, into = set(_egress(cluster)), set(_ingress(cluster))
    inside = {arrow for arrow in out if arrow[1] in _known(cluster)}
    for source, target in sorted(inside - into):
        yield f"NetworkPolicy: {source} may leave for {target}, which does not let it in"
    for source, target in sorted(into - out):
        yield f"NetworkPolicy: {target} lets in {source}, which may not leave for it"


_NOBODY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def _known(cluster: Cluster) -> set[str]:
    """Return the parts that run inside; a server without a policy of its own is outside."""
    guarded = {name for policy in cluster.kind("NetworkPolicy") for name in _names(policy["spec"]["podSelector"])}
    return guarded & {*PARTS, *SERVERS}


def _egress(cluster: Cluster) -> Iterator[Arrow]:
    for policy in cluster.kind("NetworkPolicy"):
        for source in _names(policy["spec"]["podSelector"]):
            for rule in policy["spec"].get("egress", []):
                yield from ((source, target) for target in _targets(rule) if source in PARTS)


def _targets(rule: dict[str, Any]) -> Iterator[str]:
    for peer in rule.get("to", []):
        if "ipBlock" in peer:
            ports = {port["port"] for port in rule["ports"]}
            yield "redis" if ports == {6379} else "outside"
        elif "namespaceSelector" not in peer:
            yield from _names(peer["podSelector"])


def _ingress(cluster: Cluster) -> Iterator[Arrow]:
    for policy in cluster.kind("NetworkPolicy"):
        targets = [name for name in _names(policy["spec"]["podSelector"]) if name in {*PARTS, *SERVERS}]
        for rule in policy["spec"].get("ingress", []):
            for peer in rule.get("from", []):
                if "namespaceSelector" not in peer:
                    yield from (
                        (source, t) for source in _names(peer["podSelector"]) if source in PARTS for t in targets
                    )


def _names(selector: dict[str, Any]) -> Iterator[str]:
    """Return the parts and servers that a selector is for."""
    if not selector:
        return
    for part in PARTS:
        if selects(selector, {"app.kubernetes.io/name": part}):
            yield part
    for server in SERVERS:
        if selects(selector, {"shopsite/server": server}):
            yield server
