"""The metrics of RPCs are what counters and histograms of the Prometheus client would show."""

from __future__ import annotations

import random

import grpc
from prometheus_client import CollectorRegistry, Histogram

from strategic_memory_server.rpc.rpc_metrics import RPC_BUCKETS_S, RPC_LABELS, RpcMetrics

LABELS = {"grpc_type": "unary", "grpc_service": "a.Service", "grpc_method": "Method"}


def test_times_are_counted_as_a_histogram_counts_them() -> None:
    source, ours, theirs = random.Random(7), CollectorRegistry(), CollectorRegistry()
    method = RpcMetrics(ours).of_method("unary", "/a.Service/Method")
    histogram = Histogram("grpc_server_handling_seconds", "", RPC_LABELS, registry=theirs).labels(*LABELS.values())
    seconds = [source.expovariate(1.0) for _ in range(500)] + [0.0, *RPC_BUCKETS_S, 11.0]
    for each in seconds:
        method.completed(grpc.StatusCode.OK, each)
        histogram.observe(each)
    for bound in (*RPC_BUCKETS_S, "+Inf"):
        wanted = {**LABELS, "le": str(bound)}
        name = "grpc_server_handling_seconds_bucket"
        assert ours.get_sample_value(name, wanted) == theirs.get_sample_value(name, wanted)
    for name in ("grpc_server_handling_seconds_count", "grpc_server_handling_seconds_sum"):
        assert ours.get_sample_value(name, LABELS) == theirs.get_sample_value(name, LABELS)


def test_ends_are_counted_by_their_code_and_methods_apart() -> None:
    registry = CollectorRegistry()
    metrics = RpcMetrics(registry)
    one, _other = (metrics.of_method("unary", f"/a.Service/{name}") for name in ("Method", "Other"))
    for code in (grpc.StatusCode.OK, grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND):
        one.completed(code, 0.001)
    one.started, one.received, one.sent = 3, 4, 5
    counted = {
        code: registry.get_sample_value("grpc_server_handled_total", {**LABELS, "grpc_code": code})
        for code in ("OK", "NotFound", "Internal")
    }
    assert counted == {"OK": 2, "NotFound": 1, "Internal": None}
    totals = [
        registry.get_sample_value(f"grpc_server_{name}_total", LABELS)
        for name in ("started", "msg_received", "msg_sent")
    ]
    assert totals == [3, 4, 5]
    assert registry.get_sample_value("grpc_server_started_total", {**LABELS, "grpc_method": "Other"}) == 0
