"""A receiver of traces on loopback, by OTLP over gRPC and over HTTP, and what it has received."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

QUICKLY = {"OTEL_BSP_SCHEDULE_DELAY": "20"}


@dataclass(frozen=True, slots=True)
class Received:
    """A span as it came.

    Attributes:
        span: it.
        process: the attributes of its resource.
    """

    span: trace_pb2.Span
    process: dict[str, str]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.span.name

    @property
    def attributes(self) -> dict[str, str | int]:
        """What it says."""
        return {each.key: each.value.string_value or each.value.int_value for each in self.span.attributes}


@dataclass
class Collector:
    """What was received.

    Attributes:
        endpoint: where.
        requests: as they came.
    """

    endpoint: str = ""
    requests: list[trace_service_pb2.ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """What makes a service send here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, **QUICKLY}

    def spans(self, name: str, **attributes: str | int) -> list[Received]:
        """Return the spans of a name that say what is given, in the order in which they came."""
        wanted = {f"strategic_memory.{key}": value for key, value in attributes.items()}
        return [each for each in self._spans() if each.name == name and each.attributes.items() >= wanted.items()]

    def of_process(self, service: str, name: str, **attributes: str | int) -> list[Received]:
        """Return those that a service of a name has sent."""
        return [each for each in self.spans(name, **attributes) if each.process["service.name"] == service]

    def _spans(self) -> Iterator[Received]:
        for request in list(self.requests):
            for of_resource in request.resource_spans:
                process = {each.key: each.value.string_value for each in of_resource.resource.attributes}
                for of_scope in of_resource.scope_spans:
                    for span in of_scope.spans:
                        yield Received(span, process)


class _Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, collector: Collector, hangs: threading.Event | None) -> None:
        self._collector = collector
        self._hangs = hangs

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401, N802
        if self._hangs is not None:
            self._hangs.wait(60)
        self._collector.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


@contextmanager
def collecting(*, hangs: bool = False) -> Iterator[Collector]:
    """Receive by gRPC; one that hangs answers nothing."""
    collector, until = Collector(), threading.Event()
    server = grpc.server(ThreadPoolExecutor(8))
    servicer = _Servicer(collector, until if hangs else None)
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(servicer, server)
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        until.set()
        server.stop(0).wait()


@contextmanager
def collecting_by_http() -> Iterator[Collector]:
    """Receive by HTTP."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.requests.append(trace_service_pb2.ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_said: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
