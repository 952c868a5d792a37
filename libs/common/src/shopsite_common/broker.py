"""The connection to RabbitMQ: waits for a server that isn't there yet, and comes back after one that went."""

import aio_pika
from aio_pika.abc import AbstractRobustConnection
from aio_pika.exceptions import AMQPError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, stop_never, wait_exponential

from shopsite_common.logs import get_logger

log = get_logger(__name__)

BROKER_ERRORS = (AMQPError, ConnectionError, OSError, TimeoutError, RuntimeError)
"""What aio-pika raises when the server is away: its own errors, the socket's, and RuntimeError for a closed channel."""


async def connect(url: str, *, name: str, give_up_after: float | None = None) -> AbstractRobustConnection:
    """Connect; try for ``give_up_after`` seconds (None: for ever), since a robust connection needs a first one."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(BROKER_ERRORS),
        wait=wait_exponential(multiplier=0.2, max=5),
        stop=stop_never if give_up_after is None else stop_after_delay(give_up_after),
        before_sleep=lambda state: log.warning("broker_unavailable", attempt=state.attempt_number),
        reraise=True,
    ):
        with attempt:
            return await aio_pika.connect_robust(
                url, timeout=5, reconnect_interval=1, heartbeat=15, client_properties={"connection_name": name}
            )
    raise AssertionError("unreachable")  # pragma: no cover
