"""What a set of manifests makes of a cluster, asked by the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shopsite_manifests.render import Manifest

WORKLOADS = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class Cluster:
    """The manifests, and what comes from elsewhere.

    Args:
        secrets: the keys of Secrets that nobody renders, by name; their values, where a rule needs some.
    """

    manifests: list[Manifest]
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def kind(self, *kinds: str) -> Iterator[Manifest]:
        """Return the manifests of these kinds."""
        return (manifest for manifest in self.manifests if manifest["kind"] in kinds)

    def workloads(self) -> Iterator[Manifest]:
        """Return what has a pod template."""
        return self.kind(*WORKLOADS)

    def data(self, kind: str, name: str) -> Mapping[str, str] | None:
        """Return what a ConfigMap or Secret holds, None if it is not there; a Secret of an operator has no values."""
        for manifest in self.kind(kind):
            if manifest["metadata"]["name"] == name:
                held: dict[str, str] = manifest.get("data", {})
                return held
        return self._of_operators(name) if kind == "Secret" else None

    def _of_operators(self, name: str) -> Mapping[str, str] | None:
        for manifest in self.kind("ExternalSecret"):
            if manifest["spec"]["target"]["name"] == name:
                return {entry["secretKey"]: "" for entry in manifest["spec"]["data"]}
        for manifest in self.kind("Certificate"):
            if manifest["spec"]["secretName"] == name:
                return {"tls.crt": "", "tls.key": ""}
        return self.secrets.get(name)


def name_of(manifest: Manifest) -> str:
    """Return kind and name, as a fault names them."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_of(workload: Manifest) -> dict[str, Any]:
    """Return the specification of its pods."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def labels_of(workload: Manifest) -> dict[str, str]:
    """Return the labels of its pods."""
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def containers_of(workload: Manifest, *, init: bool = True) -> list[dict[str, Any]]:
    """Return its containers, those that run before the others included."""
    pod = pod_of(workload)
    return [*(pod.get("initContainers", []) if init else []), *pod["containers"]]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector, or the plain labels of a Service, fits."""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        return selector.items() <= labels.items()
    expressions = selector.get("matchExpressions", [])
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        labels.get(found["key"]) in found["values"] for found in expressions
    )
