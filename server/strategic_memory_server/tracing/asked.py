"""Whether traces are asked for, by the variables that OpenTelemetry itself has for that."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from strategic_memory_server.tracing.tracing import OFF, Tracing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
EXPORTERS = {
    "grpc": ("opentelemetry.exporter.otlp.proto.grpc", "'strategic-memory[otel]'"),
    "http/protobuf": ("opentelemetry.exporter.otlp.proto.http", "opentelemetry-exporter-otlp-proto-http"),
}
"""What sends traces, by protocol: the package of the class OTLPSpanExporter, and what installs it."""


class NoTracesError(Exception):
    """Traces are asked for and there can be none; the text says why and what to do."""


def asked_by(environ: Mapping[str, str]) -> str | None:
    """Return the variable that asks for traces; None where none does, or another one forbids it."""
    _, disabled = _first(environ, "OTEL_SDK_DISABLED")
    _, exporter = _first(environ, "OTEL_TRACES_EXPORTER")
    if disabled.lower() == "true" or exporter == "none":
        return None
    return _first(environ, *ENDPOINTS)[0]


def log_ids(environ: Mapping[str, str]) -> tuple[Any, ...]:
    """Return what adds the ids of the trace in hand to the lines of the log; nothing where there is none."""
    if asked_by(environ) is None:
        return ()
    try:
        return (importlib.import_module("strategic_memory_server.tracing.trace_context").add_ids,)
    except ModuleNotFoundError:
        return ()


def tracing_asked(environ: Mapping[str, str], version: str) -> Tracing:
    """Begin to trace where that is asked for. OpenTelemetry is imported only then.

    Args:
        environ: the variables.
        version: version of the service, for whoever reads the traces.

    Raises:
        NoTracesError: it is asked for and cannot be done.
    """
    asked = asked_by(environ)
    if asked is None:
        return OFF
    _, exporter = _first(environ, "OTEL_TRACES_EXPORTER")
    if exporter not in ("", "otlp"):
        raise NoTracesError(f"OTEL_TRACES_EXPORTER={exporter} is not supported; otlp is, and none")
    variable, protocol = _first(environ, *PROTOCOLS)
    if (protocol := protocol or "grpc") not in EXPORTERS:
        raise NoTracesError(f"{variable}={protocol} is not supported; {' and '.join(EXPORTERS)} are")
    package, installed_by = EXPORTERS[protocol]
    try:
        exporting: Any = importlib.import_module(f"{package}.trace_exporter")
        recorded: Any = importlib.import_module("strategic_memory_server.tracing.recorded")
        tracing: Tracing = recorded.tracing_to(exporting.OTLPSpanExporter, version)
    except ModuleNotFoundError as error:
        sentence = f"{asked} asks for them, and {error.name} is not installed: pip install {installed_by}"
        raise NoTracesError(sentence) from error
    except Exception as error:
        raise NoTracesError(f"OpenTelemetry refuses its settings: {error}") from error
    return tracing


def _first(environ: Mapping[str, str], *names: str) -> tuple[str | None, str]:
    """Return the first variable that is set, and its value."""
    return next(((name, value) for name in names if (value := environ.get(name, "").strip())), (None, ""))
