"""Traces: one story of a request over HTTP, RabbitMQ and mail, sent by OTLP where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says.

Without that setting nothing of OpenTelemetry's SDK is loaded and a span costs some microseconds. Ids of the trace go
along either way (``context.py``), into the outbox, messages, calls and logs.

What a span says is for strangers' eyes: names, routes and statements without their values; never the text of an error.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, ProxyTracerProvider, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event

from shopsite_common import context
from shopsite_common.settings import CommonSettings

__all__ = ["Span", "SpanKind", "configure", "current", "detail", "exporting", "fail"]
__all__ += ["of_fastapi", "span", "watch_statements"]

_LONGEST_STATEMENT = 500

_tracer = trace.get_tracer("shopsite")
_propagator = TraceContextTextMapPropagator()


def configure(settings: CommonSettings, *, process: str) -> None:
    """Send the spans of this process to the collector, if one is named.

    Args:
        process: its name in traces, as `make ps` has it: ``orders-api``.
    """
    if settings.otel_exporter_otlp_endpoint:
        from shopsite_common.telemetry_export import provider_of

        trace.set_tracer_provider(provider_of(settings, process=process))


def of_fastapi(settings: CommonSettings) -> TelemetryConfig:
    """Return what FastAPI's own telemetry is to do: a span a request, none for probes."""
    return {
        "tracing": bool(settings.otel_exporter_otlp_endpoint),
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "exclude": lambda scope: scope["path"].startswith("/health/"),
    }


@contextmanager
def exporting() -> Iterator[None]:
    """Send what is left when the block ends: a process that SIGTERM ends gets no further chance."""
    try:
        yield
    finally:
        if _is_on():
            trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]  # the SDK's has it


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str = "", attributes: Mapping[str, Any] | None = None
) -> Iterator[Span]:
    """Open a span; events, calls and log lines of the block belong to it.

    Args:
        name: what happens, of few different values: never an id.
        kind: SERVER, CLIENT, PRODUCER or CONSUMER where it goes over a border.
        parent: a ``traceparent`` from elsewhere; by default the current span, else what ``context`` holds.
        attributes: particulars, without personal data and secrets.
    """
    if not _is_on():
        with _carrying(parent):
            yield INVALID_SPAN
        return
    opened = _tracer.start_span(name, _around(parent), kind=kind, attributes=attributes)
    token = context.traceparent.set(_traceparent_of(opened) or parent or context.traceparent.get())
    try:
        with trace.use_span(opened, record_exception=False, set_status_on_exception=False):
            yield opened
    except Exception as error:
        fail(opened, type(error).__name__)
        raise
    finally:
        opened.end()
        context.traceparent.reset(token)


@contextmanager
def _carrying(traceparent: str) -> Iterator[None]:
    """Let a trace of somebody else's go along where none of our own is kept."""
    token = context.traceparent.set(traceparent or context.traceparent.get())
    try:
        yield
    finally:
        context.traceparent.reset(token)


@contextmanager
def detail(name: str, **attributes: Any) -> Iterator[Span]:
    """Open a span of a thing that is only worth telling within a trace: a statement, a look into the cache."""
    if not trace.get_current_span().is_recording():
        yield INVALID_SPAN
        return
    with span(name, kind=SpanKind.CLIENT, attributes=attributes) as opened:
        yield opened


def fail(opened: Span, reason: str) -> None:
    """Mark a span as failed, by a word from a small set."""
    opened.set_attribute("error.type", reason)
    opened.set_status(StatusCode.ERROR)


def current() -> str:
    """Return the current span's ``traceparent``; an empty string where there is none."""
    return _traceparent_of(trace.get_current_span())


def watch_statements(engine: Engine) -> None:
    """Give each SQL statement on this engine a span, while there is one around it.

    Not done by OpenTelemetry's own part for SQLAlchemy: that puts PostgreSQL's error texts, with values, into spans.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, statement: str, _values: Any, execution: Any, _many: Any) -> None:
        if trace.get_current_span().is_recording():
            words = " ".join(statement.split())
            told = {"db.system.name": "postgresql", "db.query.text": words[:_LONGEST_STATEMENT]}
            verb = words.split(" ", 1)[0].upper()
            execution.own_span = _tracer.start_span(f"sql {verb}", kind=SpanKind.CLIENT, attributes=told)

    @event.listens_for(engine, "after_cursor_execute")
    def end(_connection: Any, _cursor: Any, _statement: str, _values: Any, execution: Any, _many: Any) -> None:
        if opened := getattr(execution, "own_span", None):
            opened.end()

    @event.listens_for(engine, "handle_error")
    def end_badly(happened: Any) -> None:
        if opened := getattr(happened.execution_context, "own_span", None):
            fail(opened, getattr(happened.original_exception, "pgcode", None) or "unknown")
            opened.end()


def _is_on() -> bool:
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider)


def _around(parent: str) -> Context | None:
    if not parent and trace.get_current_span().get_span_context().is_valid:
        return None
    return _propagator.extract({"traceparent": parent or context.traceparent.get()}, Context())


def _traceparent_of(opened: Span) -> str:
    found = opened.get_span_context()
    if not found.is_valid:
        return ""
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
