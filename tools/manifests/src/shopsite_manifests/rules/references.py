"""Rules for what names something else."""

from collections.abc import Iterator
from typing import Any

from shopsite_manifests.cluster import Cluster, containers_of, labels_of, name_of, pod_of, selects
from shopsite_manifests.render import Manifest


def keys_exist(cluster: Cluster) -> Iterator[str]:
    """Each ConfigMap, Secret and key that is referred to is rendered, made by an operator, or by `make k8s-secrets`."""
    for workload in cluster.workloads():
        for kind, name, key in _references(workload):
            held = cluster.data(kind, name)
            if held is None:
                yield f"{name_of(workload)}: there is no {kind} {name}"
            elif key is not None and key not in held:
                yield f"{name_of(workload)}: the {kind} {name} has no key {key}"


def _references(workload: Manifest) -> Iterator[tuple[str, str, str | None]]:
    for container in containers_of(workload):
        for source in container.get("envFrom", []):
            yield from _named(source, None)
        for variable in container.get("env", []):
            yield from _keyed(variable.get("valueFrom", {}))
    for volume in pod_of(workload).get("volumes", []):
        yield from _of_volume(volume)
        for source in volume.get("projected", {}).get("sources", []):
            yield from _of_volume(source)


def _named(source: dict[str, Any], key: str | None) -> Iterator[tuple[str, str, str | None]]:
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if field in source:
            yield kind, source[field]["name"], key


def _keyed(source: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in source:
            yield kind, source[field]["name"], source[field]["key"]


def _of_volume(volume: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]["name"], None
    if "secret" in volume:
        yield "Secret", volume["secret"].get("secretName") or volume["secret"]["name"], None


def services_select(cluster: Cluster) -> Iterator[str]:
    """Each Service finds pods, and each of its ports one of theirs."""
    for service in cluster.kind("Service"):
        chosen = [found for found in cluster.workloads() if selects(service["spec"]["selector"], labels_of(found))]
        if len(chosen) != 1:
            yield f"{name_of(service)}: selects {len(chosen)} workloads instead of one"
            continue
        ports = {port["name"] for container in containers_of(chosen[0]) for port in container.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"{name_of(service)}: {name_of(chosen[0])} has no port {port['targetPort']}"


def budgets_select(cluster: Cluster) -> Iterator[str]:
    """Each PodDisruptionBudget finds pods, and each Deployment of the shop has one."""
    budgets = list(cluster.kind("PodDisruptionBudget"))
    guarded: set[str] = set()
    for budget in budgets:
        found = {name_of(one) for one in cluster.workloads() if selects(budget["spec"]["selector"], labels_of(one))}
        if not found:
            yield f"{name_of(budget)}: selects nothing"
        guarded |= found
    for deployment in cluster.kind("Deployment"):
        of_the_shop = labels_of(deployment).get("app.kubernetes.io/component") != "simulator"
        if of_the_shop and name_of(deployment) not in guarded:
            yield f"{name_of(deployment)}: has no PodDisruptionBudget"
