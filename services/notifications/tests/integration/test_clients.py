import httpx
import pytest

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.ids import uuid7
from shopsite_common.service_tokens import ServiceSigner, ServiceVerifier
from shopsite_notifications.clients import HttpIdentity, HttpOrders

RESET = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "link_path": "/reset-password?token=t",
    "expires_at": "2026-11-24T09:30:00Z",
    "added_later": 1,
}


class Remote:
    """The other service: checks the token, counts, and answers as told."""

    def __init__(self, service, keys):
        self.verifier = ServiceVerifier(service, keys.public_dir)
        self.answers, self.seen = [], []

    def __call__(self, request):
        self.verifier.verify(request.headers["Authorization"].split()[1], allowed=frozenset({"notifications"}))
        self.seen.append((request.method, request.url.path))
        return self.answers.pop(0)


@pytest.fixture
def remote_client(service_keys, monkeypatch):
    def build(service):
        remote = Remote(service, service_keys)
        signer = ServiceSigner("notifications", service_keys.private_file("notifications"))
        client = HttpClient(service, "http://remote.example", signer=signer)
        client._client = httpx.AsyncClient(transport=httpx.MockTransport(remote), base_url="http://remote.example")
        return remote, client

    return build


async def test_identity_gives_a_link(remote_client):
    remote, client = remote_client("identity")
    remote.answers = [httpx.Response(503), httpx.Response(200, json=RESET)]
    reset_id = uuid7()
    link = await HttpIdentity(client).reset_link(reset_id)
    assert (link.email, link.first_name, link.link_path) == ("ada@example.com", "Ada", "/reset-password?token=t")
    assert remote.seen == [("POST", f"/internal/password-resets/{reset_id}/link/")] * 2


@pytest.mark.parametrize("status", [404, 410])
async def test_a_used_reset_has_no_link(remote_client, status):
    remote, client = remote_client("identity")
    remote.answers = [httpx.Response(status)]
    assert await HttpIdentity(client).reset_link(uuid7()) is None


async def test_orders_tells_a_number(remote_client):
    remote, client = remote_client("orders")
    order_id = uuid7()
    remote.answers = [httpx.Response(200, json={"order_id": str(order_id), "number": "SO-7"}), httpx.Response(404)]
    orders = HttpOrders(client)
    assert await orders.order_number(order_id) == "SO-7"
    assert await orders.order_number(order_id) is None
    assert remote.seen[0] == ("GET", f"/internal/orders/{order_id}/")


@pytest.mark.parametrize("status", [401, 403, 409])
async def test_any_other_answer_means_later(remote_client, status):
    remote, client = remote_client("orders")
    remote.answers = [httpx.Response(status)]
    with pytest.raises(Unavailable):
        await HttpOrders(client).order_number(uuid7())
