"""The document: every operation named, described, with its errors."""

import pytest

from shopsite_orders import main


@pytest.fixture
def document(environment):
    return main.create().openapi()


@pytest.mark.integration
def test_every_operation_is_described_and_documents_its_errors(document):
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 8
    for operation in operations:
        assert operation["description"]
        assert operation["tags"]
        assert "401" in operation["responses"], operation["operationId"]
        assert "422" not in operation["responses"] or operation["operationId"] == "checkout"
    assert not any(path.startswith("/internal/") for path in document["paths"])


@pytest.mark.integration
def test_checkout_names_each_reason_of_a_conflict(document):
    examples = document["paths"]["/api/checkout/"]["post"]["responses"]["409"]["content"]["application/problem+json"]
    assert set(examples["examples"]) == {
        "out_of_stock",
        "total_changed",
        "cart_line_already_ordered",
        "too_many_unpaid_orders",
        "reservation_voided",
        "request_still_running",
    }
