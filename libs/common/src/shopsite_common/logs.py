"""Structured logs: one JSON line an event, with request and trace id, without secrets.

``log = get_logger(__name__)`` and then ``log.info("order_placed", order_id=…)``: an event's name and its particulars,
never a sentence with values in it, never an e-mail address, token or password.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shopsite_common import context

# what looks like a credential is masked, whoever logs it: Paystack keys, JWTs, Bearer headers, passwords in URLs
_SECRETS = re.compile(
    r"sk_(?:live|test)_\w+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:bearer\s+)[\w.~+/=-]+|(?<=://)[^\s:/@]+:[^\s@/]+(?=@)"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

EventDict = MutableMapping[str, Any]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def mask(text: str) -> str:
    """Return the text with credentials and e-mail addresses replaced by ``***``."""
    return _EMAIL.sub("***@***", _SECRETS.sub("***", text)) if _may_need_a_mask(text) else text


def _may_need_a_mask(text: str) -> bool:
    # searching for fixed words is many times cheaper than the patterns, and nearly every value has none of them
    return "@" in text or "sk_" in text or "eyJ" in text or "bearer" in text.lower()


def _add_ids(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if (own := context.request_id.get()) and "request_id" not in event:
        event["request_id"] = own
    if trace := context.trace_id_of(context.traceparent.get()):
        event["trace_id"] = trace
    return event


def _mask_values(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask(value)
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
