"""Structured logs: one JSON line an event, with request and trace id, without secrets.

``log = get_logger(__name__)`` and then ``log.info("order_placed", order_id=…)``: an event's name and its particulars,
never a sentence with values in it, never an e-mail address, token or password.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shopsite_common import context
from shopsite_common.masking import mask_value

EventDict = MutableMapping[str, Any]

# set by ourselves, and ids of hex and dashes; processors of structlog's own pass by, too
_OURS = {"service", "role", "version", "level", "logger", "at", "trace_id", "_record", "_from_structlog"}


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def about(**ids: object) -> None:
    """Note what the request or message at hand is about; its further log lines say so: ``about(order_id=…)``."""
    structlog.contextvars.unbind_contextvars(*ids)
    structlog.contextvars.bind_contextvars(**{name: str(value) for name, value in ids.items() if value})


def _add_ids(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if (own := context.request_id.get()) and "request_id" not in event:
        event["request_id"] = own
    if trace := context.trace_id_of(context.traceparent.get()):
        event["trace_id"] = trace
    return event


def _mask_values(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if key not in _OURS:
            event[key] = mask_value(key, value)
    return event


def configure(*, service: str, role: str, level: str = "INFO", version: str = "") -> None:
    """Send every log record of the process, our own and the libraries', as JSON lines to standard output."""

    def add_source(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event.update(service=service, role=role, version=version)
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        add_source,
        _add_ids,
        _mask_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "aio_pika", "aiormq", "uvicorn.access", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
