import socket

import pytest
from starlette.testclient import TestClient

from shopsite_local.network.__main__ import parsed
from shopsite_local.network.app import create_app


@pytest.fixture
def network():
    with TestClient(create_app({"postgres": (0, 1), "redis": (0, 1)})) as client:
        yield client


def can_connect(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_links_are_read_from_the_environment():
    assert parsed("postgres=10060:10050,redis=10061:10051") == {"postgres": (10060, 10050), "redis": (10061, 10051)}


def test_a_link_is_cut_and_healed_by_name(network):
    port = network.get("/links").json()["postgres"]["port"]
    assert network.put("/links/postgres", json={"fault": "cut"}).json()["fault"] == "cut"
    assert not can_connect(port)
    assert network.get("/links").json()["redis"]["fault"] == "none"
    assert network.put("/links/postgres", json={"fault": "none"}).json()["fault"] == "none"
    assert can_connect(port)


def test_everything_is_healed_at_once(network):
    network.put("/links/postgres", json={"fault": "cut"})
    network.put("/links/redis", json={"fault": "delay", "seconds": 1})
    network.delete("/links")
    assert {link["fault"] for link in network.get("/links").json().values()} == {"none"}


@pytest.mark.parametrize(
    ("name", "order", "status"),
    [("nobody", {"fault": "cut"}, 404), ("redis", {"fault": "burn"}, 400), ("redis", {"fault": "delay", "s": 1}, 400)],
)
def test_an_order_that_makes_no_sense_is_refused(network, name, order, status):
    assert network.put(f"/links/{name}", json=order).status_code == status
