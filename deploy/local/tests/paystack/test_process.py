"""The process itself: its start, a kill, and a reply that is lost on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

KEY = "sk_test_of_this_process"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    def __init__(self, state_dir: Path) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "PORT": str(self.port),
            "PAYSTACK_SECRET_KEY": KEY,
            "STATE_DIR": str(state_dir),
        }
        self.client = httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "shopsite_local.paystack"], env=self._environment)
        deadline = time.monotonic() + 30
        while not self._is_ready():
            assert time.monotonic() < deadline, "not ready within 30 s"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.ConnectError:
            return False

    def end(self, how: signal.Signals) -> int:
        assert self._process
        self._process.send_signal(how)
        return self._process.wait(timeout=15)

    def close(self) -> None:
        self.client.close()
        if self._process and self._process.poll() is None:
            self.end(signal.SIGKILL)


@pytest.fixture
def process(tmp_path):
    running = Process(tmp_path)
    running.start()
    yield running
    running.close()


def test_a_kill_loses_nothing_and_a_lost_reply_has_done_its_work(process):
    body = {"email": "ada@example.com", "amount": 500_000, "reference": "before"}
    begun = process.client.post("/transaction/initialize", json=body).json()["data"]
    assert begun["authorization_url"] == f"http://localhost:{process.port}/{begun['access_code']}"
    process.client.post(f"/{begun['access_code']}", data={"outcome": "success"})
    process.client.post("/_simulator/settings", json={"drop_next": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        process.client.post("/transaction/initialize", json={**body, "reference": "burned"})
    process.end(signal.SIGKILL)
    process.start()
    states = {each["reference"]: each["status"] for each in process.client.get("/_simulator/transactions").json()}
    assert states == {"before": "success", "burned": "abandoned"}
    assert process.end(signal.SIGTERM) in {0, -signal.SIGTERM}
