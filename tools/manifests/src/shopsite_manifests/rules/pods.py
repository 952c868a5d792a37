"""Rules for what runs."""

from collections.abc import Iterator

from shopsite_manifests.cluster import Cluster, containers_of, name_of, pod_of

_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def images_are_pinned(cluster: Cluster) -> Iterator[str]:
    """An image has a tag, and it is not `latest`."""
    for workload in cluster.workloads():
        for container in containers_of(workload):
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            if tag in {"", "latest"}:
                yield f"{name_of(workload)}: the image {container['image']} is not pinned"


def nobody_is_root(cluster: Cluster) -> Iterator[str]:
    """The `restricted` profile of Pod Security, and a root file system that cannot be written."""
    for workload in cluster.workloads():
        pod = pod_of(workload)
        security = pod.get("securityContext", {})
        if not security.get("runAsNonRoot") or not security.get("runAsUser"):
            yield f"{name_of(workload)}: may run as root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name_of(workload)}: has no seccomp profile"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name_of(workload)}: has a token of the cluster"
        if pod.get("hostNetwork") or pod.get("hostPID") or any("hostPath" in found for found in pod.get("volumes", [])):
            yield f"{name_of(workload)}: reaches into its node"
        for container in containers_of(workload):
            own = container.get("securityContext", {})
            strict = own.get("allowPrivilegeEscalation") is False and own.get("readOnlyRootFilesystem") is True
            if not strict or own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name_of(workload)}: the container {container['name']} has more rights than none"


def limits_are_set(cluster: Cluster) -> Iterator[str]:
    """Each container asks for cpu and memory, and ends somewhere."""
    for workload in cluster.workloads():
        for container in containers_of(workload):
            resources = container.get("resources", {})
            if any({"cpu", "memory"} - resources.get(part, {}).keys() for part in ("requests", "limits")):
                yield f"{name_of(workload)}: the container {container['name']} has no limits"


def containers_are_probed(cluster: Cluster) -> Iterator[str]:
    """What stays is probed while it starts, lives and serves."""
    for workload in cluster.kind("Deployment", "StatefulSet"):
        for container in containers_of(workload, init=False):
            missing = [probe for probe in _PROBES if probe not in container]
            if missing:
                yield f"{name_of(workload)}: the container {container['name']} has no {', '.join(missing)}"
