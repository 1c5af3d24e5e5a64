"""What asks for traces, and what is said where there can be none."""

from __future__ import annotations

import pytest

from strategic_memory_server.tracing.asked import NoTracesError, asked_by, tracing_asked
from strategic_memory_server.tracing.tracing import OFF

AT = "http://127.0.0.1:4317"
OF_ALL, OF_TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, None),
        ({OF_ALL: AT}, OF_ALL),
        ({OF_TRACES: AT}, OF_TRACES),
        ({OF_ALL: AT, OF_TRACES: AT}, OF_TRACES),
        ({OF_ALL: "  "}, None),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": AT, "OTEL_TRACES_EXPORTER": "otlp"}, None),
        ({OF_ALL: AT, "OTEL_SDK_DISABLED": "True "}, None),
        ({OF_ALL: AT, "OTEL_SDK_DISABLED": "no"}, OF_ALL),
        ({OF_ALL: AT, "OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_an_endpoint_asks_unless_another_variable_forbids(environ: dict[str, str], asked: str | None) -> None:
    assert asked_by(environ) == asked
    if asked is None:
        assert tracing_asked(environ, "1") is OFF


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER=zipkin is not supported"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/json is not supported; grpc and",
        ),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "udp"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=udp is not supported"),
    ],
)
def test_what_is_not_supported_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(NoTracesError) as refused:
        tracing_asked({OF_ALL: AT, **environ}, "1")
    assert said in str(refused.value)


def test_settings_that_opentelemetry_refuses_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    with pytest.raises(NoTracesError, match="refuses its settings: could not convert string to float: 'soon'"):
        tracing_asked({OF_ALL: AT}, "1")
