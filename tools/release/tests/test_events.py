"""Events between a release and what is to go out beside it, in both directions."""

from copy import deepcopy

import pytest

from shopsite_common.events import OrderCancelled, OrderCreated, PaymentSucceeded
from shopsite_release import events
from shopsite_release.contract import Contract

CREATED, CANCELLED, PAID = (event.binding_key() for event in (OrderCreated, OrderCancelled, PaymentSucceeded))


def contract(service, *, publishes=(), consumes=(), version="1.0.0"):
    written = {event.binding_key(): event.model_json_schema(mode="serialization") for event in publishes}
    read = {event.binding_key(): event.model_json_schema() for event in consumes}
    return Contract(service, version, {}, written, read, {})


@pytest.fixture
def now():
    return contract("orders", publishes=(OrderCreated, OrderCancelled), consumes=(PaymentSucceeded,), version="main")


@pytest.fixture
def before(now):
    return deepcopy(contract("orders", publishes=(OrderCreated, OrderCancelled), consumes=(PaymentSucceeded,)))


@pytest.fixture
def cart():
    return contract("cart", consumes=(OrderCreated, OrderCancelled))


@pytest.fixture
def payments():
    return contract("payments", publishes=(PaymentSucceeded,))


def test_what_is_as_it_was_passes(now, before, cart, payments):
    assert events.faults(now, before, [cart, payments]) == []


def test_an_added_field_passes(now, before, cart, payments):
    now.publishes[CREATED]["properties"]["gift"] = {"type": "boolean"}
    now.publishes[CREATED]["required"].append("gift")
    now.consumes[PAID]["properties"]["fee"] = {"type": "string"}
    assert events.faults(now, before, [cart, payments]) == []


def test_a_removed_field_is_refused_with_its_readers(now, before, cart):
    del now.publishes[CREATED]["properties"]["number"]
    now.publishes[CREATED]["required"].remove("number")
    assert events.faults(now, before, [cart]) == [
        f"{CREATED}: `number` is gone, which orders 1.0.0 sent",
        f"{CREATED}: `number` may be missing, and cart 1.0.0 must find it",
    ]


def test_a_removed_field_of_a_line_is_refused(now, before):
    del now.publishes[CREATED]["$defs"]["OrderLine"]["properties"]["name"]
    assert f"{CREATED}: `items[].name` is gone, which orders 1.0.0 sent" in events.faults(now, before, [])


def test_a_changed_type_is_refused(now, before, cart):
    now.publishes[CANCELLED]["properties"]["paid"] = {"type": "string"}
    assert f"{CANCELLED}: `paid` is string, not boolean, as cart 1.0.0 must find it" in events.faults(
        now, before, [cart]
    )


def test_a_value_that_readers_do_not_know_is_refused(now, before, cart):
    now.publishes[CANCELLED]["properties"]["reason"]["enum"].append("boredom")
    assert f"{CANCELLED}: `reason` may be 'boredom', which cart 1.0.0 can't read" in events.faults(now, before, [cart])


def test_an_event_that_is_read_must_go_on_beside_its_next_major(now, before, cart):
    now.publishes["orders.OrderCreated.v2"] = now.publishes.pop(CREATED)
    assert events.faults(now, before, [cart]) == [
        f"{CREATED} is not sent any more, and cart 1.0.0 read it: send a new major beside it"
    ]


def test_the_old_major_may_go_once_nobody_reads_it(now, before):
    now.publishes["orders.OrderCreated.v2"] = now.publishes.pop(CREATED)
    assert events.faults(now, before, []) == []


def test_what_a_released_sender_does_not_send_may_not_be_asked_for(now, before, payments):
    now.consumes[PAID]["properties"]["fee"] = {"type": "string"}
    now.consumes[PAID]["required"].append("fee")
    assert events.faults(now, before, [payments]) == [
        f"{PAID}: `fee` may be missing, and orders, from payments 1.0.0, must find it"
    ]


def test_a_deprecated_field_may_go_unless_a_released_reader_must_find_it(now, before, cart):
    before.publishes[CREATED]["properties"]["number"]["deprecated"] = True
    del now.publishes[CREATED]["properties"]["number"]
    now.publishes[CREATED]["required"].remove("number")
    assert events.faults(now, before, []) == []
    assert events.faults(now, before, [cart]) == [f"{CREATED}: `number` may be missing, and cart 1.0.0 must find it"]


def test_a_new_value_passes_where_no_released_reader_checks_it(now, before):
    now.publishes[CANCELLED]["properties"]["reason"]["enum"].append("boredom")
    assert events.faults(now, before, []) == []
