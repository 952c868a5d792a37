"""Two of a service, restarted in turns under load: nobody notices."""

import concurrent.futures
import threading

import httpx
import pytest
from backends import Backend
from stack import Gateway

pytestmark = pytest.mark.integration

# the gateway leaves a server that failed alone for 3 s; who restarts the next one sooner has none left for that time
BETWEEN = 4.0


@pytest.fixture
def pair(tmp_path):
    """A gateway over two carts."""
    second = Backend("cart")
    gateway = Gateway(tmp_path)
    # longer than the gateway keeps an idle connection
    second.drain_seconds = gateway.backends["cart"].drain_seconds = 5.0
    second.start()
    gateway.settings["CART_URL"] = f"{gateway.backends['cart'].url},{second.url}"
    with gateway:
        yield gateway, (gateway.backends["cart"], second)
    second.stop()


def test_two_of_a_service_restarted_in_turns_fail_no_request_and_do_none_twice(pair):
    gateway, carts = pair
    token, stopped = gateway.signed_in(), threading.Event()

    def shop(number: int) -> list[tuple[str, int]]:
        found = []
        with httpx.Client(base_url=gateway.url, headers=token, timeout=30) as client:
            while not stopped.is_set():
                request = f"{number}-{len(found)}"
                write = client.post("/api/cart-items/", json={}, headers={"X-Request-ID": request})
                read = client.get("/api/cart/me/")
                found += [(request, write.status_code), ("read", read.status_code)]
        return found

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(shop, number) for number in range(8)]
        for cart in carts:
            cart.stop()
            threading.Event().wait(0.5)
            cart.start()
            threading.Event().wait(BETWEEN)
        stopped.set()
        answers = [answer for client in clients for answer in client.result()]
    assert len(answers) > 100
    assert {status for _, status in answers} == {200}
    arrived = [entry["headers"]["x-request-id"] for cart in carts for entry in cart.seen if entry["method"] == "POST"]
    assert sorted(arrived) == sorted(request for request, _ in answers if request != "read")
