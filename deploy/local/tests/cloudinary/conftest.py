"""The simulator as a process, and the real SDK pointed at it."""

import importlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

KEY, SECRET, CLOUD = "key-of-tests", "secret-of-tests", "shopsite"


@dataclass
class Process:
    """A simulator on a free port with the files of one folder."""

    state_dir: Path
    port: int = field(default=0)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    def start(self) -> None:
        names = {"CLOUDINARY_API_KEY": KEY, "CLOUDINARY_API_SECRET": SECRET, "CLOUDINARY_CLOUD_NAME": CLOUD}
        own = {"PORT": str(self.port), "STATE_DIR": str(self.state_dir), "PUBLIC_BASE_URL": self.url}
        command = [sys.executable, "-m", "shopsite_local.cloudinary"]
        self.process = subprocess.Popen(command, env={**os.environ, **names, **own})
        deadline = time.monotonic() + 30
        while not self._is_ready():
            assert time.monotonic() < deadline, "not ready within 30 s"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self.http.get("/health/ready").status_code == 200
        except httpx.ConnectError:
            return False

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=15)

    def configure(self, **settings: Any) -> httpx.Response:
        return self.http.post("/_simulator/settings", json=settings)


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = Process(tmp_path_factory.mktemp("cloudinary"))
    running.start()
    yield running
    running.http.close()
    running.kill()


@pytest.fixture
def simulator(process):
    """The running simulator, emptied."""
    process.http.delete("/_simulator")
    return process


@pytest.fixture(scope="module")
def sdk(process):
    """The SDK, configured as a service is: by CLOUDINARY_URL before it is imported."""
    address = f"cloudinary://{KEY}:{SECRET}@{CLOUD}?upload_prefix={process.url}&secure=true"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLOUDINARY_URL", address)
        environment.delenv("CLOUDINARY_CLOUD_NAME", raising=False)
        cloudinary = importlib.import_module("cloudinary")
        cloudinary.reset_config()
        assert cloudinary.config().upload_prefix == process.url
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
