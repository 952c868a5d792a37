"""Custom resources against their definitions (CRDs): those of a cluster, or of its operators' releases."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from shopsite_manifests.cluster import name_of
from shopsite_manifests.render import Manifest

Schemas = Mapping[tuple[str, str], Mapping[str, Any]]


def read(files: Iterable[Path]) -> Schemas:
    """Return the schemas in files of definitions by ``apiVersion`` and ``kind``.

    `kubectl get crd -o yaml` writes such a file. What else stands in one is passed over.
    """
    documents = [document for file in files for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    parts = [part for document in documents if document for part in document.get("items", [document])]
    definitions = [part["spec"] for part in parts if part.get("kind") == "CustomResourceDefinition"]
    return {
        (f"{definition['group']}/{version['name']}", definition["names"]["kind"]): version["schema"]["openAPIV3Schema"]
        for definition in definitions
        for version in definition["versions"]
        if version["served"]
    }


def faults(manifest: Manifest, schemas: Schemas) -> Iterator[str]:
    """Say what a cluster with these definitions would refuse, or drop in silence (a field that it doesn't know)."""
    kind = (manifest["apiVersion"], manifest["kind"])
    if kind not in schemas:
        yield f"{name_of(manifest)}: none of the definitions is of {' '.join(kind)}"
        return
    for refused in Draft202012Validator(_strict(schemas[kind], top=True)).iter_errors(manifest):
        yield f"{name_of(manifest)}: {'.'.join(map(str, refused.path))}: {refused.message}"


def _strict(schema: Any, *, top: bool = False) -> Any:
    """Return a schema of Kubernetes' kind as JSON Schema that knows of no fields but its own."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    strict = {name: _strict(part) for name, part in schema.items()}
    if schema.get("x-kubernetes-int-or-string") is True:
        strict = {**strict, "type": ["integer", "string"]}
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or schema.get("x-kubernetes-preserve-unknown-fields") is True:
        return strict
    if top:  # Kubernetes' own, which no definition spells out
        strict["properties"] = {**strict["properties"], "metadata": {"type": "object"}}
    return {"additionalProperties": False, **strict} if schema.get("type") == "object" else strict
