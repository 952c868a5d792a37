"""Rules for what the processes are told."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

from pydantic import ValidationError

from shopsite_common.settings import SERVICES, CommonSettings
from shopsite_manifests.cluster import Cluster, containers_of, labels_of, name_of
from shopsite_manifests.render import Manifest

OURS = (*SERVICES, "authz", "portal")
# Read by others than the settings of a process: Traefik's route files, and the start of a container.
_ELSEWHERE = {"ALLOWED_HOSTS", "CORS_ORIGINS", "PORTAL_URL", "AUTHZ_URL"}
_LIKELY = {"CLOUDINARY_URL": "cloudinary://key:secret@cloud", "PAYSTACK_SECRET_KEY": f"sk_live_{'0' * 40}"}


def processes_start(cluster: Cluster) -> Iterator[str]:
    """Each process's settings load from the environment that it is given, in production as it is."""
    for workload, kind in _of_ours(cluster):
        given = _environment(cluster, workload)
        try:
            with _environment_is(given):
                kind()
        except ValidationError as refused:
            sentences = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in refused.errors())
            yield f"{name_of(workload)}: does not start: {sentences}"


def names_are_known(cluster: Cluster) -> Iterator[str]:
    """Each name that a process is given is one that some process reads: a typing error would go unnoticed."""
    kinds = [_settings_of(name) for name in OURS]
    known = {name.upper() for kind in kinds for name in kind.model_fields} | _ELSEWHERE
    known |= {f"DATABASE_URL_{service.upper()}" for service in SERVICES}
    for workload, _ in _of_ours(cluster):
        for name in sorted(_environment(cluster, workload).keys() - known):
            yield f"{name_of(workload)}: nobody reads {name}"


def _of_ours(cluster: Cluster) -> Iterator[tuple[Manifest, type[CommonSettings]]]:
    for workload in cluster.workloads():
        name = labels_of(workload).get("app.kubernetes.io/name", "")
        if name in OURS:
            yield workload, _settings_of(name)


def _settings_of(name: str) -> type[CommonSettings]:
    kind: type[CommonSettings] = import_module(f"shopsite_{name}.settings").Settings
    return kind


def _environment(cluster: Cluster, workload: Manifest) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in containers_of(workload, init=False)[0].get("envFrom", []):
        kind, reference = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
        found |= _values(cluster, kind, source[reference]["name"])
    return found


def _values(cluster: Cluster, kind: str, name: str) -> Mapping[str, str]:
    """Return what is held there; of a Secret that only an operator can read, likely values of the same keys."""
    likely = {**cluster.secrets.get(name, {}), **_LIKELY}
    return {key: value or likely.get(key, "") for key, value in (cluster.data(kind, name) or {}).items()}


@contextmanager
def _environment_is(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({name: value for name, value in values.items() if value})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
