"""OpenTelemetry's SDK: which traces are kept, and where they go. Loaded only by a process that exports."""

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from shopsite_common.settings import CommonSettings

_EXPORT_SECONDS = 3.0
_DELAY_MILLISECONDS = 1000.0


def provider_of(settings: CommonSettings, *, process: str) -> TracerProvider:
    """Return what makes the spans of a process and sends them.

    The trace's own id decides whether it is kept, in every process alike, so a trace is whole or not there at all. The
    flag of a client's ``traceparent`` is not asked: strangers would decide.
    """
    about = Resource.create({"service.name": process, "service.namespace": "shopsite"})
    provider = TracerProvider(
        resource=about, sampler=TraceIdRatioBased(settings.otel_traces_sampler_arg), shutdown_on_exit=False
    )
    endpoint = f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_SECONDS)
    provider.add_span_processor(WithoutQueries())
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_DELAY_MILLISECONDS))
    return provider


class WithoutQueries(SpanProcessor):
    """Takes out query strings, which hold reset tokens and e-mail addresses."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's form
        """Overwrite what FastAPI has put there."""
        if span.attributes and "url.query" in span.attributes:
            span.set_attribute("url.query", "***")
