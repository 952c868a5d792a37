"""`check`: every overlay against Kubernetes' schemas and the shop's rules."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import kubernetes_validate

from shopsite_manifests import credentials, definitions
from shopsite_manifests.cluster import Cluster, name_of
from shopsite_manifests.render import OVERLAYS, CannotRender, Manifest, overlays, render
from shopsite_manifests.rules import RULES

KUBERNETES = "1.34"
# Custom resources have schemas of their own, in the cluster: without `--crds` only our own rules are for them.
_CUSTOM = ("cnpg.io", "rabbitmq.com", "keda.sh", "cert-manager.io", "external-secrets.io", "monitoring.coreos.com")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("overlay", nargs="*", choices=[*overlays(), []], help="default: every one")
    crds = "files of your cluster's definitions (kubectl get crd -o yaml), for its custom resources"
    parser.add_argument("--crds", nargs="+", type=Path, default=[], metavar="FILE", help=crds)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check overlays, and say what was found."""
    code = 0
    known = definitions.read(options.crds)
    for name in options.overlay or overlays():
        try:
            cluster = load(name)
        except CannotRender as problem:
            sys.exit(f"{name}: {problem}")
        found = [
            *schema_faults(cluster),
            *custom_faults(cluster, known),
            *(fault for rule in RULES for fault in rule(cluster)),
        ]
        print(f"{name}: {len(cluster.manifests)} manifests, {len(RULES)} rules, {len(found)} faults")
        for fault in found:
            print(f"  {fault}")
        code |= bool(found)
    return code


def load(overlay: str) -> Cluster:
    """Render an overlay; its Secrets are those that `secrets` prints."""
    return Cluster(render(OVERLAYS / overlay), given_secrets())


@cache
def given_secrets() -> Mapping[str, Mapping[str, str]]:
    """Return Secrets as a new cluster gets them."""
    return credentials.make("postgres:5432", "rabbitmq:5672", "redis:6379", paystack_key=f"sk_test_{'0' * 40}")


def schema_faults(cluster: Cluster) -> Iterator[str]:
    """Say what Kubernetes itself would refuse, unknown fields included."""
    for manifest in cluster.manifests:
        if _is_custom(manifest):
            continue
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as refused:
            yield f"{name_of(manifest)}: {'.'.join(map(str, refused.path))}: {refused.message}"


def custom_faults(cluster: Cluster, known: definitions.Schemas) -> Iterator[str]:
    """Say what a cluster with these definitions would refuse; nothing where none are given."""
    for manifest in filter(_is_custom, cluster.manifests if known else ()):
        yield from definitions.faults(manifest, known)


def _is_custom(manifest: Manifest) -> bool:
    group: str = manifest["apiVersion"].partition("/")[0]
    return group.endswith(_CUSTOM)
