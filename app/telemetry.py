"""Exports spans with OpenTelemetry. Only imported if an endpoint is set.

A request is a span that contains `embed`, `dense`, `lexical`, `fuse`, `hydrate`, `prompt` and the
model call. No span contains text of questions, documents or answers.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from app import tracing
from app.tracing import Attribute
from app.version import VERSION

_QUIET = "healthz,readyz,metrics"  # polled every few seconds


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Exports to a collector over HTTP. `endpoint` has no path, as OTEL_EXPORTER_OTLP_ENDPOINT."""
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")


def instrument(app: FastAPI, exporter: SpanExporter) -> TracerProvider:
    """Records spans of `app` and its calls. Must be called before the first request.

    Sampling and resource attributes follow the SDK's OTEL_* variables. Remaining spans are sent on
    shutdown of the provider, at the latest at process exit.
    """
    given = {"service.name": "zhiwen-api", "service.version": VERSION}
    provider = TracerProvider(resource=Resource.create(given))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        excluded_urls=_QUIET,
        exclude_spans=["receive", "send"],  # otherwise a stream has one per token
    )
    tracing.use(_Tracer(provider.get_tracer("zhiwen", VERSION)))
    return provider


class _Tracer:
    """Implements `tracing.Tracer`."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def trace_id(self) -> str:
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else ""

    def span(self, name: str) -> AbstractContextManager[object]:
        return self._tracer.start_as_current_span(name)

    def open(self, name: str, attributes: Mapping[str, Attribute]) -> "_OpenSpan":
        return _OpenSpan(
            self._tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        )


class _OpenSpan:
    """Never the current span, since an async generator closed in another task could not reset it.
    Ending it twice is harmless."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Mapping[str, Attribute]) -> None:
        self._span.set_attributes(attributes)

    def end(self, error: BaseException | None = None) -> None:
        if not self._span.is_recording():
            return
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()
