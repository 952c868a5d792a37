"""Structured logs: one JSON line an event, with request and trace id, without secrets.

``log = get_logger(__name__)`` and then ``log.info("order_placed", order_id=…)``: an event's name and its particulars,
never a sentence with values in it, never an e-mail address, token or password.
"""

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from shopsite_common import context
from shopsite_common.masking import mask_value

EventDict = MutableMapping[str, Any]

# set by ourselves, and ids of hex and dashes; processors of structlog's own pass by, too
_OURS = {"service", "role", "version", "level", "logger", "at", "trace_id", "_record", "_from_structlog"}


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


class _Lines:
    """Writes finished lines to where the process was last told to, each at once."""

    out: TextIO = sys.stdout

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: str) -> None:
        with contextlib.suppress(ValueError):  # closed: nobody is there any more to be told
            self.out.write(line)
            self.out.flush()

    debug = info = warning = error = critical = exception = write


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
    _Lines.out = sys.stdout
    # our own lines go straight out: the way through `logging` costs as much again, for a line of every request
    structlog.configure(
        processors=[*shared, lambda _logger, _method, event: f"{_as_json(event)}\n"],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_as_json),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "aio_pika", "aiormq", "uvicorn.access", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _as_json(event: Any, **_: Any) -> str:
    """One line; what JSON does not know stands as Python shows it."""
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
