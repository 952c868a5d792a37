"""Rules for how many there are."""

from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module

from shopsite_common.settings import SERVICES
from shopsite_manifests.cluster import Cluster, name_of


def each_is_scaled_by_one(cluster: Cluster) -> Iterator[str]:
    """No Deployment has two who decide on its size, and one that has a scaler says no number itself."""
    deployments = {found["metadata"]["name"]: found for found in cluster.kind("Deployment")}
    scalers: dict[str, list[str]] = defaultdict(list)
    for scaler in cluster.kind("HorizontalPodAutoscaler", "ScaledObject"):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        scalers[target].append(name_of(scaler))
        if target not in deployments:
            yield f"{name_of(scaler)}: there is no Deployment {target}"
    for target, names in scalers.items():
        if len(names) > 1:
            yield f"Deployment/{target}: is scaled by {' and '.join(sorted(names))}"
        if "replicas" in deployments.get(target, {}).get("spec", {}):
            yield f"Deployment/{target}: says replicas, and {names[0]} says otherwise"


def queues_are_those_of_the_code(cluster: Cluster) -> Iterator[str]:
    """A worker is scaled by each queue that its service consumes, and by no other."""
    for scaled in cluster.kind("ScaledObject"):
        service = scaled["metadata"]["name"].removesuffix("-worker")
        if service not in SERVICES:
            yield f"{name_of(scaled)}: belongs to no service"
            continue
        named = {trigger["metadata"]["queueName"] for trigger in scaled["spec"]["triggers"]}
        handled = {handler.queue for handler in import_module(f"shopsite_{service}.consumers").HANDLERS}
        for queue in sorted(named ^ handled):
            where = "the code" if queue in named else "the triggers"
            yield f"{name_of(scaled)}: the queue {queue} is missing in {where}"
