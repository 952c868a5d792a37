"""Publishers and consumers fit together: what is sent is read by those who say so, and nothing else is expected."""

from importlib import import_module

from shopsite_common.events import CONTRACTS
from shopsite_common.settings import SERVICES

HANDLERS = [subscription for name in SERVICES for subscription in import_module(f"shopsite_{name}.consumers").HANDLERS]


def test_a_type_says_whether_somebody_consumes_it():
    read = {contract.binding_key() for subscription in HANDLERS for contract in subscription.events}
    assert {key for key, contract in CONTRACTS.items() if contract.consumed} == read


def test_every_handler_has_a_queue_of_its_own():
    names = [subscription.queue for subscription in HANDLERS]
    assert len(names) == len(set(names))
    assert all(name.split(".")[0] in SERVICES and ".on_" in name for name in names)
