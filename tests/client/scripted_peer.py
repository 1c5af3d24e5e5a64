"""A gRPC peer that speaks the service's wire and misbehaves to order: it refuses, stalls, resets, sends anything.

It stands in for faults that the real server cannot be made to show; everything else is tested against the real one.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

import grpc
from google.protobuf import any_pb2, timestamp_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2, service_pb2_grpc

Response = service_pb2.StreamFeedbackResponse


class Stream:
    """One stream as a script sees it."""

    def __init__(self, request: service_pb2.StreamFeedbackRequest, context: grpc.ServicerContext) -> None:
        self.request = request
        self._context = context
        self._over = threading.Event()
        if not context.add_callback(self._over.set):
            self._over.set()  # the client has left already

    def stall(self) -> Iterator[Response]:
        """Send nothing for as long as the client stays."""
        self._over.wait()
        yield from ()

    def goes_on(self, seconds: float) -> bool:
        """Wait; tell whether the client is still there."""
        return not self._over.wait(seconds)

    def refuse(self, code: grpc.StatusCode, reason: str = "", **metadata: str) -> None:
        """End the stream with an error."""
        refuse(self._context, code, reason, **metadata)

    def refuse_in_text(self, code: grpc.StatusCode, reason: str, **metadata: str) -> None:
        """End the stream with an error whose reason is told in trailers of text alone."""
        told = (("reason", reason), *metadata.items())
        self._context.set_trailing_metadata(tuple((f"strategic-memory-{name}", value) for name, value in told))
        self._context.abort(code, f"scripted {reason}")


Script = Callable[[Stream], Iterator[Response]]


class ScriptedPeer(service_pb2_grpc.StrategicMemoryServiceServicer, health_pb2_grpc.HealthServicer):
    """Plays the scripts one after the other, the last one for every further stream."""

    def __init__(self, *scripts: Script, credentials: grpc.ServerCredentials | None = None) -> None:
        self.scripts = list(scripts)
        self.requests: list[service_pb2.StreamFeedbackRequest] = []
        self.feedback: feedback_pb2.Feedback | None = None
        self.sent_at: timestamp_pb2.Timestamp | None = None
        self.problems: list[service_pb2.Problem] = []
        self.analyses: list[service_pb2.AnalyzeRequest] = []
        self.analysis: analysis_pb2.Analysis | None = None
        self.unary_refusal: tuple[grpc.StatusCode, str] | None = None
        self.unary_calls = 0
        self.tokens: list[str] = []
        """What each call of GetFeedback has proved itself with."""
        self.knows_portfolios = True
        self.portfolios: list[str] = []
        """Which portfolio each of them was about."""
        self.listed = [service_pb2.Portfolio()]
        """What ListPortfolios answers."""
        self.health: int | None = health_pb2.HealthCheckResponse.SERVING
        self.open_streams = 0
        self.port = 0
        self._credentials = credentials
        self._lock = threading.Lock()
        self._held_calls = threading.Event()
        self.hold_calls = False
        self._server: grpc.Server | None = None
        self._port_keeper: socket.socket | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        self._held_calls.clear()
        self._let_go_of_port()
        self._server = grpc.server(
            ThreadPoolExecutor(32),
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
            ],
        )
        service_pb2_grpc.add_StrategicMemoryServiceServicer_to_server(self, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self, self._server)
        address = f"127.0.0.1:{self.port}"
        if self._credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, self._credentials)
        self._server.start()

    def answer_held_calls(self) -> None:
        """Answer the calls that `hold_calls` holds back."""
        self._held_calls.set()

    def stop(self) -> None:
        """Reset every connection and listen no more."""
        self._held_calls.set()
        if self._server is not None:
            self._server.stop(grace=None).wait(10)
            self._keep_port()

    def _keep_port(self) -> None:
        """Let nobody be given the port while nothing listens on it, such as a client that tries to reconnect to it."""
        self._let_go_of_port()
        self._port_keeper = socket.socket()
        self._port_keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # gRPC still has it, and then nobody else is given it either
            self._port_keeper.bind(("127.0.0.1", self.port))

    def _let_go_of_port(self) -> None:
        if self._port_keeper is not None:
            self._port_keeper.close()
            self._port_keeper = None

    def StreamFeedback(
        self, request: service_pb2.StreamFeedbackRequest, context: grpc.ServicerContext
    ) -> Iterator[Response]:
        with self._lock:
            self.requests.append(request)
            script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
            self.open_streams += 1
        if not context.add_callback(self._stream_ended):
            self._stream_ended()
        yield from script(Stream(request, context))

    def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: grpc.ServicerContext
    ) -> service_pb2.GetFeedbackResponse:
        self._unary(context)
        self.tokens.append(str(dict(context.invocation_metadata()).get("authorization", "")))
        self.portfolios.append(request.portfolio)
        return service_pb2.GetFeedbackResponse(
            feedback=self.feedback,
            sent_at=self.sent_at,
            problems=self.problems,
            portfolio=request.portfolio if self.knows_portfolios else "",
        )

    def Analyze(
        self, request: service_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> service_pb2.AnalyzeResponse:
        self._unary(context)
        self.analyses.append(request)
        return service_pb2.AnalyzeResponse(feedback=self.feedback, analysis=self.analysis)

    def ListPortfolios(
        self, request: service_pb2.ListPortfoliosRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListPortfoliosResponse:
        self._unary(context)
        return service_pb2.ListPortfoliosResponse(portfolios=self.listed, total=len(self.listed))

    def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        if self.health is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.service} here")
        return health_pb2.HealthCheckResponse(status=self.health)

    def _unary(self, context: grpc.ServicerContext) -> None:
        self.unary_calls += 1
        if self.hold_calls:
            self._held_calls.wait(30)
        if self.unary_refusal is not None:
            refuse(context, *self.unary_refusal)

    def _stream_ended(self) -> None:
        with self._lock:
            self.open_streams -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._let_go_of_port()


def refuse(context: grpc.ServicerContext, code: grpc.StatusCode, reason: str = "", **metadata: str) -> None:
    """End a call with an error as the service does, with an ErrorInfo when there is a reason."""
    details: list[Message] = []
    if reason:
        details.append(error_details_pb2.ErrorInfo(reason=reason, domain="strategic_memory.v1", metadata=metadata))
    status = status_pb2.Status(code=code.value[0], message=f"scripted {reason or code.name}\nin two lines")
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))


def send(*responses: Response, then: Script | None = None) -> Script:
    """Send the messages, then do as `then` (stall) says."""

    def script(stream: Stream) -> Iterator[Response]:
        yield from responses
        yield from (then or Stream.stall)(stream)

    return script


def refusal(code: grpc.StatusCode, reason: str = "", **metadata: str) -> Script:
    """End the stream with an error."""

    def script(stream: Stream) -> Iterator[Response]:
        stream.refuse(code, reason, **metadata)
        yield from ()

    return script


def end(stream: Stream) -> Iterator[Response]:
    """End the stream without an error."""
    yield from ()
