"""The simulator behind a port, and the real SDK pointed at it."""

import importlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image

from shopsite_local.cloudinary.app import create_app
from shopsite_local.cloudinary.cloud import Options

KEY, SECRET, CLOUD = "key-of-tests", "secret-of-tests", "shopsite"


@dataclass
class Simulator:
    """Where it is, and its own endpoints."""

    url: str
    http: httpx.Client

    def configure(self, **settings: Any) -> httpx.Response:
        return self.http.post("/_simulator/settings", json=settings)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "not ready within 30 s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The simulator behind a real port, in a thread: the SDK speaks over sockets only."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        folder = tmp_path_factory.mktemp("cloudinary")
        options = Options(cloud_name=CLOUD, api_key=KEY, api_secret=SECRET, public_url=url, state_dir=folder)
        running = uvicorn.Server(uvicorn.Config(create_app(options), log_level="critical"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        _wait_for(lambda: running.started)
        with httpx.Client(base_url=url, trust_env=False) as http:
            yield Simulator(url, http)
        running.should_exit = True
        thread.join(timeout=15)


@pytest.fixture
def simulator(server):
    """The running simulator, emptied."""
    server.http.delete("/_simulator")
    return server


@pytest.fixture
def process(tmp_path):
    """Starts and kills the simulator as a process; each start finds what the last one left."""
    running: list[subprocess.Popen[bytes]] = []

    def start(port: int) -> None:
        names = {"CLOUDINARY_API_KEY": KEY, "CLOUDINARY_API_SECRET": SECRET, "CLOUDINARY_CLOUD_NAME": CLOUD}
        own = {"PORT": str(port), "STATE_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "shopsite_local.cloudinary"]
        running.append(subprocess.Popen(command, env={**os.environ, **names, **own}))
        _wait_for(lambda: _answers(f"http://127.0.0.1:{port}/health/ready"))

    def kill() -> None:
        while running:
            running[-1].send_signal(signal.SIGKILL)
            running.pop().wait(timeout=15)

    yield SimpleNamespace(start=start, kill=kill)
    kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.ConnectError:
        return False


@pytest.fixture(scope="module")
def sdk(server):
    """The SDK, configured as a service is: by CLOUDINARY_URL before it is imported."""
    address = f"cloudinary://{KEY}:{SECRET}@{CLOUD}?upload_prefix={server.url}&secure=true"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLOUDINARY_URL", address)
        environment.delenv("CLOUDINARY_CLOUD_NAME", raising=False)
        cloudinary = importlib.import_module("cloudinary")
        cloudinary.reset_config()
        assert cloudinary.config().upload_prefix == server.url
        yield SimpleNamespace(
            uploader=importlib.import_module("cloudinary.uploader"),
            api=importlib.import_module("cloudinary.api"),
            errors=importlib.import_module("cloudinary.exceptions"),
            utils=importlib.import_module("cloudinary.utils"),
            config=cloudinary.config,
        )


@pytest.fixture
def picture():
    """Draws a picture."""

    def draw(size: tuple[int, int] = (60, 40), form: str = "PNG", color: str = "teal") -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, color).save(out, form)
        return out.getvalue()

    return draw
