"""The API and the Paystack simulator as they run in production: over HTTP, each on a port of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest
import uvicorn

from shopsite_common.testing.polling import eventually

SECRET_KEY = "sk_test_shopsite-of-the-tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def api_port():
    return free_port()


@pytest.fixture(scope="session")
def simulator_url(tmp_path_factory, api_port):
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "STATE_DIR": str(tmp_path_factory.mktemp("paystack")),
        "PAYSTACK_SECRET_KEY": SECRET_KEY,
        "PAYSTACK_WEBHOOK_URL": f"http://127.0.0.1:{api_port}/api/payment/webhook/",
    }
    with subprocess.Popen([sys.executable, "-m", "shopsite_local.paystack"], env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, process)
        yield url
        process.terminate()


def wait_until_healthy(url, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health/live", timeout=1, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the Paystack simulator did not start")


class Simulator:
    """What a customer, a bank and the dashboard do at Paystack."""

    def __init__(self, http):
        self.http = http

    async def set(self, **settings):
        (await self.http.post("/_simulator/settings", json=settings)).raise_for_status()

    async def page(self, url, **form):
        """Send a form to a payment page; return where the customer is sent."""
        answer = await self.http.post(url, data=form)
        assert answer.status_code in {302, 303}, answer.text
        return answer.headers["location"]

    async def transactions(self):
        return {each["reference"]: each for each in (await self.http.get("/_simulator/transactions")).json()}

    async def act(self, path, **body):
        answer = await self.http.post(f"/_simulator/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def deliveries(self, **query):
        return (await self.http.get("/_simulator/deliveries", params=query)).json()


@pytest.fixture
async def simulator(simulator_url):
    async with httpx.AsyncClient(base_url=simulator_url, trust_env=False) as http:
        (await http.delete("/_simulator")).raise_for_status()
        yield Simulator(http)


@pytest.fixture
def at_simulator(environment, simulator_url):
    """Have the service call the simulator; to be asked for before ``app``."""
    environment.setenv("PAYSTACK_BASE_URL", simulator_url)
    environment.setenv("PAYSTACK_CHECKOUT_HOSTS", "localhost,127.0.0.1")
    environment.setenv("PAYSTACK_TIMEOUT_SECONDS", "2")


@pytest.fixture
async def live(at_simulator, app, api_port, orders):
    """The API on its port, with the real client of Paystack; gives its resources."""
    resources = app.state.resources
    resources.orders = orders
    server = uvicorn.Server(uvicorn.Config(app, port=api_port, lifespan="off", log_level="error", access_log=False))
    server.capture_signals = NoSignals
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield resources
    server.should_exit = True
    await serving


class NoSignals:
    """In a test the signals are pytest's."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
