import pytest

from shopsite_payments.main import create


@pytest.fixture
def document(monkeypatch):
    monkeypatch.setenv("DATABASE_URL_PAYMENTS", "postgresql://nobody@127.0.0.1:9/none")
    app = create()
    yield app.openapi()
    app.state.resources.db.close()


def operations(document):
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_exactly_the_public_operations(document):
    assert set(operations(document)) == {
        ("POST", "/api/pay/"),
        ("GET", "/api/payment/"),
        ("GET", "/api/payment/{payment_id}/"),
        ("POST", "/api/payment/{payment_id}/refund/"),
        ("POST", "/api/payment/webhook/"),
        ("GET", "/api/payment/callback/"),
    }


def test_every_operation_explains_itself_and_its_errors(document):
    for operation in operations(document).values():
        assert operation["description"]
        assert operation["tags"] == ["payments"]
        assert "422" not in operation["responses"] or "key" in operation["responses"]["422"]["description"].lower()
        errors = [status for status in operation["responses"] if status >= "400"]
        for status in errors:
            assert "application/problem+json" in operation["responses"][status]["content"]


def test_who_needs_a_token(document):
    guarded = {path for (_, path), operation in operations(document).items() if operation.get("security")}
    assert guarded == {"/api/pay/", "/api/payment/", "/api/payment/{payment_id}/", "/api/payment/{payment_id}/refund/"}


def test_money_is_text(document):
    schemas = document["components"]["schemas"]
    assert schemas["PaymentOut"]["properties"]["amount"]["type"] == "string"
