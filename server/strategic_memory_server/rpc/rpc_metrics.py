"""Prometheus metrics of RPCs, under the names that gRPC dashboards expect.

Counted in plain numbers by the event loop, which is alone with them, and put into shape when a scrape asks: a counter
of the Prometheus client takes a lock for each step, ten times as long as the step.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable

import grpc
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

RPC_LABELS = ("grpc_type", "grpc_service", "grpc_method")
RPC_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_OK = grpc.StatusCode.OK
_LE = (*(str(bound) for bound in RPC_BUCKETS_S), "+Inf")


class MethodMetrics:
    """What was counted of one method.

    Args:
        kind: "unary", "server_stream", "client_stream" or "bidi_stream".
        path: "/package.Service/Method".

    Attributes:
        path: as given.
        started: calls that were begun.
        received: messages from clients.
        sent: messages to clients.
        limits: calls refused, by the limit that they would have passed.
    """

    __slots__ = ("_counts", "_handled", "_ok", "_sum_s", "labels", "limits", "path", "received", "sent", "started")

    def __init__(self, kind: str, path: str) -> None:
        _, service, method = path.split("/")
        self.path = path
        self.labels = (kind, service, method)
        self.started = self.received = self.sent = self._ok = 0
        self._handled: dict[grpc.StatusCode, int] = {}
        self.limits: dict[str, int] = {}
        self._counts = [0] * len(_LE)
        self._sum_s = 0.0

    def completed(self, code: grpc.StatusCode, seconds: float) -> None:
        """Count the end of a call that took so long."""
        # Nearly every call ends well, and to look a member of an enumeration up takes longer than all the rest here.
        if code is _OK:
            self._ok += 1
        else:
            self._handled[code] = self._handled.get(code, 0) + 1
        self._counts[bisect_left(RPC_BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    def refused(self, limit: str) -> None:
        """Count a call that was refused by a limit."""
        self.limits[limit] = self.limits.get(limit, 0) + 1

    @property
    def handled(self) -> Iterable[tuple[str, int]]:
        """Calls completed, by the name of their status code on dashboards."""
        counts = {_OK: self._ok, **self._handled} if self._ok else self._handled
        return [(dashboard_name(code), count) for code, count in counts.items()]

    @property
    def seconds(self) -> tuple[list[tuple[str, float]], float]:
        """Calls that took at most so long, by bucket, and the seconds of all together."""
        cumulative = [float(count) for count in itertools.accumulate(self._counts)]
        return list(zip(_LE, cumulative, strict=True)), self._sum_s


class RpcMetrics(Collector):
    """The metrics of every method of a server; each is there from the start, with zeros."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._methods: list[MethodMetrics] = []
        registry.register(self)

    def of_method(self, kind: str, path: str) -> MethodMetrics:
        """Return the metrics of a further method."""
        method = MethodMetrics(kind, path)
        self._methods.append(method)
        return method

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they stand now."""
        started = CounterMetricFamily("grpc_server_started", "RPCs started.", labels=RPC_LABELS)
        received = CounterMetricFamily("grpc_server_msg_received", "Messages received from clients.", labels=RPC_LABELS)
        sent = CounterMetricFamily("grpc_server_msg_sent", "Messages sent to clients.", labels=RPC_LABELS)
        handled = CounterMetricFamily(
            "grpc_server_handled", "RPCs completed, by status code.", labels=(*RPC_LABELS, "grpc_code")
        )
        seconds = HistogramMetricFamily(
            "grpc_server_handling_seconds", "Time until an RPC was completed, seconds.", labels=RPC_LABELS
        )
        refused = CounterMetricFamily(
            "strategic_memory_refused", "Requests refused by a limit, by method.", labels=("grpc_method", "limit")
        )
        for method in self._methods:
            for limit, count in method.limits.items():
                refused.add_metric((method.labels[2], limit), count)
            started.add_metric(method.labels, method.started)
            received.add_metric(method.labels, method.received)
            sent.add_metric(method.labels, method.sent)
            seconds.add_metric(method.labels, *method.seconds)
            for code, count in method.handled:
                handled.add_metric((*method.labels, code), count)
        return started, received, sent, handled, seconds, refused


def dashboard_name(code: grpc.StatusCode) -> str:
    """Return a status code as the Go server's metrics spell it, for example "InvalidArgument"."""
    unlike_their_name = {grpc.StatusCode.OK: "OK", grpc.StatusCode.CANCELLED: "Canceled"}
    return unlike_their_name.get(code) or code.name.title().replace("_", "")
