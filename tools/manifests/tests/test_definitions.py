"""Custom resources are held against the definitions of the cluster that they are for."""

import copy

import pytest
import yaml

from shopsite_manifests import definitions

SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "parts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {}},
    },
}
DEFINITION = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.org",
        "names": {"kind": "Oven"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": SPEC,
                        },
                    }
                },
            },
            {"name": "v1beta1", "served": False},
        ],
    },
}
OVEN = {
    "apiVersion": "example.org/v1",
    "kind": "Oven",
    "metadata": {"name": "warm", "labels": {"app": "bakery"}},
    "spec": {"size": 2, "port": "http", "parts": [{"name": "door"}], "anything": {"goes": True}},
}


@pytest.fixture(params=["a release's file", "a cluster's list"])
def schemas(request, tmp_path):
    file = tmp_path / "crds.yaml"
    listed = {"kind": "List", "items": [DEFINITION, {"kind": "ConfigMap"}]}
    file.write_text(yaml.safe_dump_all([DEFINITION, None] if request.param.startswith("a release") else [listed]))
    return definitions.read([file])


def test_what_the_definition_takes_is_no_fault(schemas):
    assert list(definitions.faults(OVEN, schemas)) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("size",), 0, "spec.size: 0 is less than the minimum"),
        (("size",), "2", "spec.size: '2' is not of type 'integer'"),
        (("colour",), "red", "spec: Additional properties are not allowed"),
        (("parts", 0, "nmae"), "lid", "spec.parts.0: Additional properties are not allowed"),
        (("port",), [80], "spec.port: "),
    ],
)
def test_what_it_refuses_or_does_not_know_is_a_fault(schemas, path, value, said):
    oven = copy.deepcopy(OVEN)
    holder = oven["spec"]
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    found = list(definitions.faults(oven, schemas))
    assert found
    assert all(said in fault for fault in found)


def test_a_kind_or_version_that_is_not_served_is_a_fault(schemas):
    old = {**OVEN, "apiVersion": "example.org/v1beta1"}
    assert list(definitions.faults(old, schemas)) == [
        "Oven/warm: none of the definitions is of example.org/v1beta1 Oven"
    ]
