"""An image's health check: 0 when the process of this container says that it is ready.

It is run as a file, without the standard set-up of Python and with plain sockets: 20 ms instead of 150.
"""

import os
import socket
import sys

TIMEOUT_SECONDS = 4
REQUEST = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def status_line(port: int) -> bytes:
    """Return the first line of the answer; empty when there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as line:
        line.sendall(REQUEST)
        return line.makefile("rb").readline()


if __name__ == "__main__":
    try:
        answer = status_line(int(os.environ["PORT"]))
    except OSError as problem:
        sys.exit(f"no answer: {problem}")
    sys.exit(0 if b" 200 " in answer else f"not ready: {answer.decode(errors='replace').strip()}")
