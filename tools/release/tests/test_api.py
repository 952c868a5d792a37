"""Each way of breaking an API is refused by name; what only adds to it passes."""

from copy import deepcopy

import pytest

from shopsite_release import api


def schema(document, name):
    return document["components"]["schemas"][name]


def checkout(document):
    return document["paths"]["/api/checkout/"]["post"]


def removed_path(document):
    del document["paths"]["/api/checkout/"]


def removed_field(document):
    del schema(document, "OrderOut")["properties"]["number"]
    schema(document, "OrderOut")["required"].remove("number")


def field_that_may_be_missing(document):
    schema(document, "OrderOut")["required"].remove("number")


def changed_type(document):
    schema(document, "OrderItemOut")["properties"]["quantity"] = {"type": "string"}


def null_where_there_was_none(document):
    schema(document, "OrderOut")["properties"]["number"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def removed_enum_value(document):
    schema(document, "Status")["enum"].remove("SHIPPED")


def new_required_field(document):
    body = schema(document, "CheckoutCreate")
    body["properties"]["phone"] = {"type": "string"}
    body["required"].append("phone")


def new_required_parameter(document):
    checkout(document)["parameters"].append(
        {"in": "query", "name": "shop", "required": True, "schema": {"type": "string"}}
    )


def parameter_made_required(document):
    checkout(document)["parameters"][0]["required"] = True


def removed_parameter(document):
    checkout(document)["parameters"] = []


def lower_limit(document):
    schema(document, "CheckoutCreate")["properties"]["shipping_address"]["maxLength"] = 10


def changed_error_code(document):
    examples = checkout(document)["responses"]["409"]["content"]["application/problem+json"]["examples"]
    examples["sold_out"] = examples.pop("out_of_stock")


def removed_status(document):
    del checkout(document)["responses"]["201"]


def other_media_type(document):
    content = checkout(document)["responses"]["201"]["content"]
    content["text/html"] = content.pop("application/json")


BREAKS = {
    removed_path: "POST /api/checkout/ is gone",
    removed_field: "POST /api/checkout/: `number` of 201 is gone",
    field_that_may_be_missing: "POST /api/checkout/: `number` of 201 may be missing now",
    changed_type: "POST /api/checkout/: `items[].quantity` of 201 changed its type: integer became string",
    null_where_there_was_none: "POST /api/checkout/: `number` of 201 changed its type: string became null",
    removed_enum_value: "POST /api/checkout/: value 'SHIPPED' of `status` of 201 is gone",
    new_required_field: "POST /api/checkout/: `phone` of the body is a new required input",
    new_required_parameter: "POST /api/checkout/: query parameter `shop` is a new required input",
    parameter_made_required: "POST /api/checkout/: header parameter `idempotency-key` is a new required input",
    removed_parameter: "POST /api/checkout/: header parameter `idempotency-key` is gone",
    lower_limit: "POST /api/checkout/: `shipping_address` of the body has a new limit: maxLength 10",
    changed_error_code: "POST /api/checkout/: error code `out_of_stock` of 409 is gone",
    removed_status: "POST /api/checkout/: status 201 is gone",
    other_media_type: "POST /api/checkout/: 201 is no longer application/json",
}


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_a_break_is_named(document, broken):
    before = deepcopy(document)
    broken(document)
    assert BREAKS[broken] in api.faults(before, document)


def test_what_is_taken_only_with_a_credential_now_is_named(document):
    before = deepcopy(document)
    checkout(before).pop("security")
    assert api.faults(before, document) == ["POST /api/checkout/: needs a credential now"]


def optional_input(document):
    schema(document, "CheckoutCreate")["properties"]["phone"] = {"type": "string"}


def another_field_in_answers(document):
    schema(document, "OrderOut")["properties"]["gift"] = {"type": "boolean"}
    schema(document, "OrderOut")["required"].append("gift")


def another_path(document):
    document["paths"]["/api/gifts/"] = deepcopy(document["paths"]["/api/checkout/"])


def another_status_of_orders(document):
    schema(document, "Status")["enum"].append("RETURNED")


def another_error_code(document):
    checkout(document)["responses"]["409"]["content"]["application/problem+json"]["examples"]["shop_closed"] = {}


def wider_limit(document):
    schema(document, "CheckoutCreate")["properties"]["shipping_address"]["maxLength"] = 100_000


def nothing(document):
    pass


HARMLESS = (
    nothing,
    optional_input,
    another_field_in_answers,
    another_path,
    another_status_of_orders,
    another_error_code,
    wider_limit,
)


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.__name__)
def test_what_only_adds_passes(document, change):
    before = deepcopy(document)
    change(document)
    assert api.faults(before, document) == []


def test_what_the_release_had_deprecated_may_go(document):
    checkout(document)["parameters"][0]["deprecated"] = True
    schema(document, "OrderOut")["properties"]["number"]["deprecated"] = True
    document["paths"]["/api/orders/{order_id}/"]["get"]["deprecated"] = True
    before = deepcopy(document)
    removed_parameter(document)
    removed_field(document)
    del document["paths"]["/api/orders/{order_id}/"]["get"]
    assert api.faults(before, document) == []
