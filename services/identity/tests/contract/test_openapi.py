"""The document: every operation named, described, with its errors."""

import pytest

from shopsite_identity import main

pytestmark = pytest.mark.integration

OPERATIONS = {
    ("post", "/api/signup/"): {"201", "400", "413", "415", "429", "503"},
    ("post", "/api/token/"): {"200", "400", "401", "413", "415", "429", "503"},
    ("post", "/api/token/refresh/"): {"200", "400", "401", "413", "415", "429", "503"},
    ("post", "/api/token/revoke/"): {"204", "400", "413", "415", "429", "503"},
    ("post", "/api/password/change/"): {"204", "400", "401", "413", "415", "429", "503"},
    ("post", "/api/password/forgot/"): {"202", "400", "413", "415", "429", "503"},
    ("post", "/api/password/reset/"): {"204", "400", "413", "415", "429", "503"},
    ("get", "/api/customer_profile/me/"): {"200", "401", "429", "503"},
    ("put", "/api/customer_profile/me/"): {"200", "400", "401", "413", "415", "429", "503"},
    ("patch", "/api/customer_profile/me/"): {"200", "400", "401", "413", "415", "429", "503"},
    ("post", "/api/admin/session/"): {"200", "400", "401", "403", "413", "415", "429", "503"},
    ("get", "/api/admin/session/"): {"200", "401", "403", "404", "429", "503"},
    ("delete", "/api/admin/session/"): {"204", "401", "403", "429", "503"},
    ("get", "/api/admin/customers/"): {"200", "400", "401", "403", "404", "429", "503"},
    ("post", "/api/admin/customers/"): {"201", "400", "401", "403", "413", "415", "429", "503"},
    ("get", "/api/admin/customers/{customer_id}/"): {"200", "401", "403", "404", "429", "503"},
    ("put", "/api/admin/customers/{customer_id}/"): {
        "200",
        "400",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "429",
        "503",
    },
    ("patch", "/api/admin/customers/{customer_id}/"): {
        "200",
        "400",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "429",
        "503",
    },
    ("delete", "/api/admin/customers/{customer_id}/"): {"204", "401", "403", "404", "409", "429", "503"},
    ("get", "/api/admin/audit/"): {"200", "400", "401", "403", "404", "429", "503"},
    ("get", "/.well-known/jwks.json"): {"200", "503"},
}


@pytest.fixture
def document(environment):
    return main.create().openapi()


def test_every_operation_documents_exactly_its_answers(document):
    found = {
        (method, path): set(operation["responses"])
        - ({"400"} if "{customer_id}" in path and method in {"get", "delete"} else set())
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    optional = {("get", "/api/admin/session/"), ("delete", "/api/admin/session/")}
    assert set(found) == set(OPERATIONS)
    for key, expected in OPERATIONS.items():
        assert found[key] - ({"400"} if key in optional else set()) == expected, key


def test_every_operation_is_named_and_described(document):
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["description"]
        assert operation["tags"]
    assert not any(path.startswith("/internal/") for path in document["paths"])


def test_bodies_have_examples_and_no_default_that_nobody_may_send(document):
    schemas = document["components"]["schemas"]
    for name in ("SignUp", "SignIn", "CustomerCreate", "CustomerUpdate", "ProfileUpdate"):
        assert "example" in schemas[name], name
    for schema in ("ProfileUpdate", "CustomerUpdate", "PreferencesIn"):
        for field, shown in schemas[schema]["properties"].items():
            if field not in {"phone_number", "date_of_birth"}:
                assert "default" not in shown, (schema, field)
