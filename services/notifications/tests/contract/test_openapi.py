import pytest

from shopsite_notifications.main import create


@pytest.fixture
def document(environment):
    return create().openapi()


@pytest.mark.integration
def test_the_operations_and_all_their_answers_are_documented(document):
    found = {
        f"{method.upper()} {path}": sorted(operation["responses"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    one = "/api/admin/notifications/{notification_id}/"
    assert found == {
        "GET /api/admin/notifications/": ["200", "400", "401", "403", "404", "503"],
        f"POST {one}resend/": ["202", "400", "401", "403", "404", "409", "503"],
    }


@pytest.mark.integration
def test_a_mail_in_the_list_has_the_promised_fields(document):
    schema = document["components"]["schemas"]["EmailOut"]
    assert list(schema["properties"]) == [
        "id",
        "kind",
        "to",
        "subject",
        "status",
        "attempts",
        "sent_at",
        "created_at",
    ]
    assert schema["examples"]
