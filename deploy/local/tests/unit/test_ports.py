import socket
from pathlib import Path

import pytest

from shopsite_local import ports
from shopsite_local.layout import Instance
from shopsite_local.problems import RunnerError


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken):
    assert not ports.is_free(taken)


def test_a_taken_port_is_named_with_its_owner_and_a_way_out(taken):
    instance = Instance(home=Path("/nowhere"), base=taken - 50, kind="servers")

    with pytest.raises(RunnerError, match=f"{taken} \\(postgres\\)") as refused:
        ports.check(instance)

    assert "SHOPSITE_PORT_BASE=" in str(refused.value)


def test_a_free_row_passes_over_taken_ports(taken):
    base = ports.free_base({"one": 0, "two": 1}, preferred=10000)

    assert ports.is_free(base)
    assert ports.is_free(base + 1)


def test_the_proposed_base_stays_below_the_ports_of_outgoing_connections():
    assert ports.other_base(8000) == 8100
    assert ports.other_base(31900) == ports.FIRST_FREE_BASE
