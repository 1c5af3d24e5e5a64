"""Traces of real services, received on loopback: from an entry to the streams of every server, and each call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import grpc
import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from system.trace_collector import Collector, Received, collecting, collecting_by_http

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.redis_access.redis_replies import StreamEntries

pytestmark = [pytest.mark.system, pytest.mark.processes]

LOG = "quantum:stream:strategic_feedback"
SERVICE = "strategic_memory.v1.StrategicMemoryService"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
Stub = service_pb2_grpc.StrategicMemoryServiceStub


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def filled_client(redis_client: redis.Redis) -> redis.Redis:
    for _ in range(5):
        redis_client.xadd("quantum:stream:meta.regime", {"regime": "BULL", "pnl": "0.3", "confidence": "0.8"})
        add_trade(redis_client, 0.5)
    return redis_client


def add_trade(client: redis.Redis, pnl: float, **further: str) -> None:
    entry: dict[Any, Any] = {"market_regime": "BULL", "realized_pnl": f"{pnl:.4f}", "policy": "BALANCED", **further}
    client.xadd("quantum:stream:trade.results", entry)


def published(client: redis.Redis, pnl: float, **further: str) -> None:
    """Add a trade, and wait for the revision that it causes."""
    before = client.xlen(LOG)
    add_trade(client, pnl, **further)
    eventually(lambda: client.xlen(LOG) > before)


def variables(collector: Collector, name: str) -> dict[str, str]:
    # With a lease of a second, a leader that stands still for that long is none: another one, or nobody, works then.
    of_service = {"OTEL_SERVICE_NAME": name, "STRATEGIC_MEMORY_RULES": "evidence", "STRATEGIC_MEMORY_LEASE": "15"}
    return collector.variables | of_service


def ids(received: Received) -> tuple[str, str]:
    """The trace of a span, and its parent."""
    return received.span.trace_id.hex(), received.span.parent_span_id.hex()


def at_least(count: int, spans: list[Received]) -> list[Received] | None:
    return spans if len(spans) >= count else None


def carried(client: redis.Redis) -> list[str]:
    """What each entry of the log carries."""
    entries = cast("StreamEntries", client.xrange(LOG))
    return [fields.get(b"traceparent", b"").decode() for _, fields in entries]


def revision_above(revision: int, stream: Iterator[service_pb2.StreamFeedbackResponse]) -> int:
    return next(each.feedback.revision for each in stream if each.feedback.revision > revision)


def leads(service: ServiceProcess) -> bool:
    return any(line["event"] == "Leadership gained" for line in service.log_lines())


def test_one_trace_goes_from_an_entry_to_the_streams_of_leader_and_standby(
    start_service: StartService, filled_client: redis.Redis, collector: Collector
) -> None:
    leader = start_service(env=variables(collector, "leader"))
    eventually(lambda: leads(leader) and filled_client.xlen(LOG))
    standby = start_service(env=variables(collector, "standby"))
    request = service_pb2.StreamFeedbackRequest()
    with grpc.insecure_channel(leader.grpc_address) as one, grpc.insecure_channel(standby.grpc_address) as other:
        streams = [Stub(channel).StreamFeedback(request, timeout=30) for channel in (one, other)]
        before = [revision_above(0, stream) for stream in streams]
        add_trade(filled_client, -0.4, traceparent=TRACEPARENT)
        after = [revision_above(before[0], stream) for stream in streams]
        revision = before[0] + 1
        assert after == [revision, revision]
        deliveries = eventually(lambda: at_least(2, collector.spans("deliver", revision=revision)))
    (write,) = eventually(lambda: collector.spans("write", revision=revision))
    (sync,) = eventually(lambda: [each for each in collector.spans("sync") if ids(each) == (TRACE, PARENT)])
    within = TRACE, sync.span.span_id.hex()
    for stage in ("read", "analyse", "evidence", "write"):
        assert within in map(ids, collector.spans(stage)), stage
    assert ids(write) == within
    assert {ids(each) for each in deliveries} == {(TRACE, write.span.span_id.hex())}
    assert sorted(each.process["service.name"] for each in deliveries) == ["leader", "standby"]
    # The call that a delivery belongs to is another trace; the delivery names it.
    linked = {each.span.links[0].span_id for each in deliveries}
    eventually(lambda: linked <= {each.span.span_id for each in collector.spans(f"{SERVICE}/StreamFeedback")})

    assert carried(filled_client)[-1] == f"00-{TRACE}-{write.span.span_id.hex()}-01"
    told = [line for line in leader.log_lines() if line.get("trace_id") == TRACE]
    assert [(line["event"], line["span_id"]) for line in told] == [("Memory sync iteration complete", within[1])]


def test_each_call_is_a_span_under_its_caller_with_its_status(
    start_service: StartService, redis_client: redis.Redis, collector: Collector
) -> None:
    service = start_service(env=variables(collector, "calls"))
    metadata = (("traceparent", TRACEPARENT),)
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = Stub(channel)
        stub.GetFeedback(service_pb2.GetFeedbackRequest(), metadata=metadata, timeout=30)
        stub.Analyze(service_pb2.AnalyzeRequest(), metadata=metadata, timeout=30)
        unknown = service_pb2.StreamFeedbackRequest(resume_after_revision=9, epoch="none")
        with pytest.raises(grpc.RpcError) as refused:
            next(stub.StreamFeedback(unknown, metadata=metadata, timeout=30))
    for method, code in (("GetFeedback", "OK"), ("Analyze", "OK"), ("StreamFeedback", refused.value.code().name)):
        (span,) = eventually(partial(collector.of_process, "calls", f"{SERVICE}/{method}"))
        assert ids(span) == (TRACE, PARENT)
        assert span.attributes["rpc.response.status_code"] == code


def test_what_is_no_context_begins_a_trace_of_its_own(
    start_service: StartService, filled_client: redis.Redis, collector: Collector
) -> None:
    start_service(env=variables(collector, "own"))
    eventually(lambda: filled_client.xlen(LOG))
    none = f"00-{'0' * 32}-{'0' * 16}-01"
    for number, wrong in enumerate((none, "\N{SNOWMAN}" * 60, TRACEPARENT.replace("-", ":"), "x" * 9_000)):
        published(filled_client, 0.1 * number, traceparent=wrong)
    syncs = eventually(lambda: at_least(5, collector.of_process("own", "sync", outcome="published")))
    assert {ids(each)[1] for each in syncs} == {""}
    assert len({ids(each)[0] for each in syncs}) == len(syncs)


def test_what_is_not_sampled_leaves_no_mark(
    start_service: StartService, filled_client: redis.Redis, collector: Collector
) -> None:
    start_service(env=variables(collector, "unsampled") | {"OTEL_TRACES_SAMPLER": "parentbased_always_off"})
    eventually(lambda: filled_client.xlen(LOG))
    published(filled_client, 0.1)
    assert carried(filled_client) == ["", ""]
    published(filled_client, 0.2, traceparent=TRACEPARENT)
    (sync,) = eventually(lambda: collector.of_process("unsampled", "sync"))
    assert ids(sync) == (TRACE, PARENT)


def test_no_secret_is_told(filled_client: redis.Redis, start_service: StartService, collector: Collector) -> None:
    """Also where the variables have more told of the process, whose command line has a password in it."""
    secret = "the secret".replace(" ", "")
    filled_client.acl_setuser(
        "traced", enabled=True, passwords=[f"+{secret}"], keys=["*"], channels=["*"], commands=["+@all"]
    )
    to = filled_client.connection_pool.connection_kwargs
    url = f"redis://traced:{secret}@{to['host']}:{to['port']}/0"
    env = {
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process,otel",
        "OTEL_EXPORTER_OTLP_HEADERS": f"api-key={secret},odd\x7fone={secret}",
    }
    service = start_service(
        url,
        env=variables(collector, "secrets") | env,
        arguments=("--redis-url", url),
        wait_until_ready=False,
    )
    with grpc.insecure_channel(service.grpc_address) as channel:
        metadata = (("authorization", f"Bearer {secret}"), ("baggage", f"key={secret}"))
        Stub(channel).GetFeedback(service_pb2.GetFeedbackRequest(), metadata=metadata, timeout=30)
    eventually(lambda: collector.of_process("secrets", f"{SERVICE}/GetFeedback"))
    eventually(lambda: collector.of_process("secrets", "sync", outcome="published"))
    filled_client.acl_deluser("traced")
    eventually(lambda: collector.of_process("secrets", "sync", outcome="failed"))
    service.terminate()
    assert service.wait() == 0
    assert not any(secret in str(request) for request in collector.requests)
    assert secret not in service.output()


def test_traces_are_sent_by_http_too(start_service: StartService, filled_client: redis.Redis) -> None:
    with collecting_by_http() as collector:
        start_service(env=variables(collector, "http") | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
        eventually(lambda: collector.spans("sync", outcome="published"))


def test_the_cycles_of_a_portfolio_bear_its_name(
    start_service: StartService, redis_client: redis.Redis, collector: Collector
) -> None:
    start_service(env=variables(collector, "many") | {"STRATEGIC_MEMORY_PORTFOLIOS": "alpha"})

    def cycles_of() -> set[str | int]:
        return {each.attributes.get("strategic_memory.portfolio", "") for each in collector.spans("sync")}

    eventually(lambda: cycles_of() == {"", "alpha"})
