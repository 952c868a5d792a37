"""The shop's rules for manifests: a rule takes a `Cluster` and yields a sentence for each fault."""

from collections.abc import Callable, Iterator

from shopsite_manifests.cluster import Cluster
from shopsite_manifests.rules import network, pods, references, scaling, settings

Rule = Callable[[Cluster], Iterator[str]]

RULES: tuple[Rule, ...] = (
    pods.images_are_pinned,
    pods.nobody_is_root,
    pods.limits_are_set,
    pods.containers_are_probed,
    references.keys_exist,
    references.services_select,
    references.budgets_select,
    scaling.each_is_scaled_by_one,
    scaling.queues_are_those_of_the_code,
    network.arrows_are_those_of_the_document,
    network.arrows_have_both_ends,
    settings.processes_start,
    settings.names_are_known,
)
