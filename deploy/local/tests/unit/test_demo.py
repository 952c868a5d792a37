"""The demonstration ends with a sentence where the shop does not do its part."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shopsite_local.demo import Demo
from shopsite_local.ports import free_base
from shopsite_local.problems import RunnerError


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"identity is away")

    def log_message(self, *_):
        """Say nothing on the terminal."""


@pytest.fixture
def refusing_shop():
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_refusal_is_shown_with_the_step_and_the_answer(refusing_shop):
    said = []
    with pytest.raises(RunnerError, match="'sign up'") as problem:
        Demo({"SHOPSITE_URL": refusing_shop}, said.append).run()
    assert "identity is away" in str(problem.value)
    assert said[-1].endswith("sign up: 503")


def test_a_shop_that_is_away_is_a_sentence_and_no_traceback():
    address = f"http://127.0.0.1:{free_base({'gateway': 0}, 21000)}"
    with pytest.raises(RunnerError, match="nobody answered"):
        Demo({"SHOPSITE_URL": address}, str).run()
