"""The document: every operation named, described, with its errors."""

import pytest

from shopsite_cart import main

pytestmark = pytest.mark.integration


def test_every_operation_is_described_and_documents_its_errors(environment):
    document = main.create().openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 14
    for operation in operations:
        assert operation["description"]
        assert operation["tags"] == ["cart"]
        assert {"401", "503"} <= set(operation["responses"])
        assert "422" not in operation["responses"]
