"""Each rule refuses a manifest that was broken on purpose, and says what is wrong with it."""

from copy import deepcopy

import pytest

from shopsite_manifests.check import schema_faults
from shopsite_manifests.cluster import Cluster
from shopsite_manifests.rules import RULES, network, pods, references, scaling, settings


@pytest.fixture
def production(rendered):
    whole = rendered("production")
    return Cluster(deepcopy(whole.manifests), whole.secrets)


def one(cluster, kind, name):
    return next(found for found in cluster.kind(kind) if found["metadata"]["name"].startswith(name))


def pod(cluster, kind="Deployment", name="orders-api"):
    return one(cluster, kind, name)["spec"]["template"]["spec"]


def without_a_tag(cluster):
    pod(cluster)["containers"][0]["image"] = "shopsite/orders"


def latest(cluster):
    pod(cluster)["initContainers"][0]["image"] = "shopsite/orders:latest"


def root(cluster):
    pod(cluster)["securityContext"]["runAsNonRoot"] = False


def without_seccomp(cluster):
    del pod(cluster)["securityContext"]["seccompProfile"]


def with_a_token(cluster):
    pod(cluster)["automountServiceAccountToken"] = True


def of_the_node(cluster):
    pod(cluster)["volumes"].append({"name": "node", "hostPath": {"path": "/"}})


def writable(cluster):
    pod(cluster)["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False


def capable(cluster):
    pod(cluster)["containers"][0]["securityContext"]["capabilities"] = {"drop": ["ALL"], "add": ["NET_ADMIN"]}


def without_limits(cluster):
    del pod(cluster, "Job", "orders-migrate")["containers"][0]["resources"]["limits"]["memory"]


def without_a_probe(cluster):
    del pod(cluster, name="orders-worker")["containers"][0]["readinessProbe"]


def another_secret(cluster):
    pod(cluster)["containers"][0]["envFrom"][2]["secretRef"]["name"] = "order-credentials"


def another_map(cluster):
    pod(cluster)["containers"][0]["envFrom"][0]["configMapRef"]["name"] = "comon"


def another_key(cluster):
    reference = {"configMapKeyRef": {"name": one(cluster, "ConfigMap", "common")["metadata"]["name"], "key": "NOTHING"}}
    pod(cluster)["containers"][0]["env"] = [{"name": "A", "valueFrom": reference}]


def a_volume_of_nothing(cluster):
    pod(cluster, name="traefik")["volumes"][1]["projected"]["sources"].append({"secret": {"name": "other-tls"}})


def a_service_of_nobody(cluster):
    one(cluster, "Service", "orders-api")["spec"]["selector"]["app.kubernetes.io/name"] = "order"


def a_service_of_two(cluster):
    del one(cluster, "Service", "orders-api")["spec"]["selector"]["app.kubernetes.io/component"]


def a_port_that_is_not_there(cluster):
    one(cluster, "Service", "orders-api")["spec"]["ports"][0]["targetPort"] = "web"


def a_budget_of_nobody(cluster):
    one(cluster, "PodDisruptionBudget", "cart-api")["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] = "crt"


def without_a_budget(cluster):
    cluster.manifests.remove(one(cluster, "PodDisruptionBudget", "cart-worker"))


def two_scalers(cluster):
    one(cluster, "ScaledObject", "cart-worker")["spec"]["scaleTargetRef"]["name"] = "cart-api"


def a_scaler_and_a_number(cluster):
    one(cluster, "Deployment", "cart-api")["spec"]["replicas"] = 2


def a_scaler_of_nothing(cluster):
    one(cluster, "HorizontalPodAutoscaler", "cart-api")["spec"]["scaleTargetRef"]["name"] = "basket-api"


def a_forgotten_queue(cluster):
    del one(cluster, "ScaledObject", "cart-worker")["spec"]["triggers"][0]


def an_unknown_queue(cluster):
    one(cluster, "ScaledObject", "cart-worker")["spec"]["triggers"][0]["metadata"]["queueName"] = "cart.on_nothing"


def policy(cluster, name):
    return one(cluster, "NetworkPolicy", name)["spec"]


def of(name):
    return {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}


def one_arrow_more(cluster):
    policy(cluster, "cart")["egress"].append({"to": [of("payments")], "ports": [{"port": 8000}]})


def one_arrow_less(cluster):
    policy(cluster, "authz")["egress"] = []


def the_world_for_cart(cluster):
    policy(cluster, "cart")["egress"].append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]})


def one_way_in_less(cluster):
    policy(cluster, "catalog")["ingress"][0]["from"].remove(of("cart"))


def one_way_in_more(cluster):
    policy(cluster, "payments")["ingress"][0]["from"].append(of("cart"))


def everything_is_allowed(cluster):
    cluster.manifests.remove(one(cluster, "NetworkPolicy", "nobody"))


def a_default_in_production(cluster):
    one(cluster, "ConfigMap", "identity-settings")["data"]["SHOPSITE_ADMIN_PASSWORD"] = "shopsite-admin-dev"


def a_value_that_cannot_be_read(cluster):
    one(cluster, "ConfigMap", "orders-settings")["data"]["MAX_UNPAID_ORDERS"] = "ten"


def a_typing_error(cluster):
    one(cluster, "ConfigMap", "orders-settings")["data"]["MAX_UNPAYED_ORDERS"] = "10"


BROKEN = [
    (pods.images_are_pinned, without_a_tag, "shopsite/orders is not pinned"),
    (pods.images_are_pinned, latest, "shopsite/orders:latest is not pinned"),
    (pods.nobody_is_root, root, "may run as root"),
    (pods.nobody_is_root, without_seccomp, "no seccomp profile"),
    (pods.nobody_is_root, with_a_token, "has a token"),
    (pods.nobody_is_root, of_the_node, "reaches into its node"),
    (pods.nobody_is_root, writable, "more rights than none"),
    (pods.nobody_is_root, capable, "more rights than none"),
    (pods.limits_are_set, without_limits, "Job/orders-migrate: the container migrate has no limits"),
    (
        pods.containers_are_probed,
        without_a_probe,
        "Deployment/orders-worker: the container worker has no readinessProbe",
    ),
    (references.keys_exist, another_secret, "no Secret order-credentials"),
    (references.keys_exist, another_map, "no ConfigMap comon"),
    (references.keys_exist, another_key, "has no key NOTHING"),
    (references.keys_exist, a_volume_of_nothing, "no Secret other-tls"),
    (references.services_select, a_service_of_nobody, "selects 0 workloads"),
    (references.services_select, a_service_of_two, "selects 3 workloads"),
    (references.services_select, a_port_that_is_not_there, "has no port web"),
    (references.budgets_select, a_budget_of_nobody, "PodDisruptionBudget/cart-api: selects nothing"),
    (references.budgets_select, without_a_budget, "Deployment/cart-worker: has no PodDisruptionBudget"),
    (scaling.each_is_scaled_by_one, two_scalers, "is scaled by HorizontalPodAutoscaler/cart-api and ScaledObject/cart"),
    (scaling.each_is_scaled_by_one, a_scaler_and_a_number, "Deployment/cart-api: says replicas"),
    (scaling.each_is_scaled_by_one, a_scaler_of_nothing, "no Deployment basket-api"),
    (scaling.queues_are_those_of_the_code, a_forgotten_queue, "is missing in the triggers"),
    (scaling.queues_are_those_of_the_code, an_unknown_queue, "cart.on_nothing is missing in the code"),
    (network.arrows_are_those_of_the_document, one_arrow_more, "cart may talk to payments"),
    (network.arrows_are_those_of_the_document, one_arrow_less, "authz may not talk to identity"),
    (network.arrows_are_those_of_the_document, the_world_for_cart, "cart may talk to outside"),
    (network.arrows_have_both_ends, one_way_in_less, "cart may leave for catalog, which does not let it in"),
    (network.arrows_have_both_ends, one_way_in_more, "payments lets in cart, which may not leave for it"),
    (network.arrows_have_both_ends, everything_is_allowed, "nothing denies everything first"),
    (settings.processes_start, a_default_in_production, "refuses the development value of SHOPSITE_ADMIN_PASSWORD"),
    (settings.processes_start, a_value_that_cannot_be_read, "max_unpaid_orders"),
    (settings.names_are_known, a_typing_error, "nobody reads MAX_UNPAYED_ORDERS"),
]


@pytest.mark.parametrize(("rule", "damage", "sentence"), BROKEN, ids=[damage.__name__ for _, damage, _ in BROKEN])
def test_a_broken_manifest_is_refused(production, rule, damage, sentence):
    damage(production)
    assert any(sentence in fault for fault in rule(production)), list(rule(production))


def test_every_rule_was_seen_to_refuse():
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


def test_a_field_that_kubernetes_does_not_know_is_refused(production):
    pod(production)["containers"][0]["imagePolicy"] = "Always"
    assert any("imagePolicy" in fault for fault in schema_faults(production))


def test_a_wrong_type_is_refused(production):
    one(production, "HorizontalPodAutoscaler", "orders-api")["spec"]["minReplicas"] = "three"
    assert any(fault.startswith("HorizontalPodAutoscaler/orders-api") for fault in schema_faults(production))
