"""Thousands of requests that are wrong: each is refused with the field named, and none harms the service."""

from __future__ import annotations

import contextlib
import socket
import urllib.error
from collections.abc import Iterator
from random import Random

import grpc
import pytest
import redis
from finite_output import assert_finite
from grpc_health.v1 import health_pb2
from hypothesis import given
from hypothesis import strategies as st
from malformed_requests import good_memory, malformed_requests
from patient_redis import PATIENT
from processes import ServiceProcess, eventually, service_environment
from raw_calls import SERVICE, Outcome, RawCaller, raw_caller
from redis_inputs import add_portfolio, add_regime, add_trade
from repeatable import repeatable
from service_calls import get_feedback, get_text
from system.soundness import LASTING, check_sound, health, log_of

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

SEED = 20_251_221
MALFORMED_REQUESTS = 3_200
GARBLED_REQUESTS = 1_500
ENTRIES = 5

ANALYZE, STREAM, GET = (f"{SERVICE}/{name}" for name in ("Analyze", "StreamFeedback", "GetFeedback"))
REFUSED = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture(scope="module")
def attacked(session_redis: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """One service under its own prefix for all requests of this module; it must be sound when they are over."""
    with redis.Redis.from_url(session_redis.url) as client:
        for _ in range(ENTRIES):
            add_regime(client, prefix="attacked")
            add_portfolio(client, prefix="attacked")
            add_trade(client, prefix="attacked")
    settings = {
        "REDIS_URL": session_redis.url,
        "MEMORY_SYNC_INTERVAL": "0.2",
        "STRATEGIC_MEMORY_KEY_PREFIX": "attacked",
        **LASTING,
        # Whatever is asked of the stored memory is answered or refused for what is in it, never for a Redis that waits.
        **PATIENT,
    }
    service = ServiceProcess(tmp_path_factory.mktemp("attacked"), service_environment(settings))
    try:
        eventually(lambda: get_feedback(service).revision, 30.0)
        yield service
    finally:
        service.kill()


@pytest.fixture
def caller(attacked: ServiceProcess) -> Iterator[RawCaller]:
    """Calls the service; afterwards it is in order, and its log says nothing of a fault."""
    with raw_caller(attacked) as calls:
        yield calls
    assert get_feedback(attacked).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
    log_of(attacked)


def test_thousands_of_malformed_requests_are_refused_by_field(caller: RawCaller) -> None:
    for request in malformed_requests(MALFORMED_REQUESTS, SEED):
        streams = isinstance(request.message, service_pb2.StreamFeedbackRequest)
        raw = request.message.SerializeToString()
        outcome = caller.call(STREAM if streams else ANALYZE, raw, streams=streams)
        assert (outcome.code, outcome.fields) == (REFUSED, (request.field,)), request
        assert request.field in outcome.text
        assert outcome.text.isascii()
        assert outcome.text.isprintable()


def test_garbled_requests_are_taken_or_refused(caller: RawCaller) -> None:
    """Requests with bytes changed, cut off and put in, and bytes of no meaning at all."""
    random = Random(SEED)
    seen = set()
    for number in range(GARBLED_REQUESTS):
        rule = analysis_pb2.PolicyRule(regime="BULL", policy=feedback_pb2.POLICY_BALANCED)
        settings = analysis_pb2.AnalysisSettings(regime_window=5, policy_rules=[rule])
        request = service_pb2.AnalyzeRequest(inline=good_memory(random, 3), settings=settings)
        outcome = caller.call(ANALYZE, garbled(random, request.SerializeToString()))
        assert is_taken_or_refused(outcome), outcome
        seen.add(outcome.code)
        if outcome.code is grpc.StatusCode.OK:
            assert_finite(service_pb2.AnalyzeResponse.FromString(outcome.answer))
        if number % 5 == 0:
            resumed = service_pb2.StreamFeedbackRequest(
                resume_after_revision=1, epoch="e", delivery=service_pb2.DELIVERY_EVERY
            )
            resumed.heartbeat_interval.seconds = 5
            outcome = caller.call(STREAM, garbled(random, resumed.SerializeToString()), streams=True)
            assert is_taken_or_refused(outcome), outcome
            outcome = caller.call(GET, random.randbytes(random.randrange(1, 30)))
            assert is_taken_or_refused(outcome), outcome
    assert {grpc.StatusCode.OK, REFUSED} <= seen


def is_taken_or_refused(outcome: Outcome) -> bool:
    """Whether a request was answered, or refused for what is in it: which may name a portfolio that is not there."""
    if outcome.code is grpc.StatusCode.NOT_FOUND:
        return outcome.reason == "UNKNOWN_PORTFOLIO"
    return outcome.code in {grpc.StatusCode.OK, REFUSED, grpc.StatusCode.OUT_OF_RANGE}


def garbled(random: Random, raw: bytes) -> bytes:
    """Change, cut off or put in some bytes."""
    spoilt = bytearray(raw)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(spoilt))
        kind = random.randrange(4)
        if kind == 0:
            spoilt[place] = random.randrange(256)
        elif kind == 1:
            del spoilt[place + 1 :]
        elif kind == 2:
            spoilt[place:place] = random.randbytes(random.randrange(1, 9))
        else:
            spoilt[place] ^= 1 << random.randrange(8)
    return bytes(spoilt)


@pytest.mark.parametrize("raw", [b"\xff", b"\x07" * 100, b"\x0a\x05ab", b"\x12\xff\xff\xff\xff\x0f", b"GET / HTTP/1.1"])
@pytest.mark.parametrize(
    ("method", "streams"),
    [
        (ANALYZE, False),
        (GET, False),
        (STREAM, True),
        ("/grpc.health.v1.Health/Check", False),
        ("/grpc.health.v1.Health/Watch", True),
    ],
)
def test_bytes_that_are_no_message(caller: RawCaller, method: str, raw: bytes, *, streams: bool) -> None:
    outcome = caller.call(method, raw, streams=streams)
    assert (outcome.code, outcome.fields) == (REFUSED, ("request",))


def test_a_request_stream_with_bytes_that_are_no_message(caller: RawCaller) -> None:
    outcome = caller.call_with_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", [b"\xff"])
    assert (outcome.code, outcome.fields) == (REFUSED, ("request",))


@pytest.mark.parametrize("method", [f"{SERVICE}/Reset", "/other.v1.Service/Get", "/x", "x", "//", f"{SERVICE}/", "/é"])
def test_methods_that_nobody_serves(caller: RawCaller, method: str) -> None:
    assert caller.call(method, b"").code is grpc.StatusCode.UNIMPLEMENTED


def test_a_service_that_nobody_knows(caller: RawCaller) -> None:
    for name in ("nobody", "x\x1b[2J" * 50_000, "é" * 5_000):
        raw = health_pb2.HealthCheckRequest(service=name).SerializeToString()
        outcome = caller.call("/grpc.health.v1.Health/Check", raw)
        assert outcome.code is grpc.StatusCode.NOT_FOUND
        assert len(outcome.text) < 500


def test_many_mistakes_at_once_still_fit_into_the_answer(caller: RawCaller) -> None:
    bad = analysis_pb2.PolicyRule(regime="R" * 1_000, win_rate_above=float("nan"), avg_pnl_above=float("inf"))
    settings = analysis_pb2.AnalysisSettings(regime_window=0, trade_window=0, policy_rules=[bad] * 1_000)
    outcome = caller.call(ANALYZE, service_pb2.AnalyzeRequest(settings=settings).SerializeToString())
    assert outcome.code is REFUSED
    assert outcome.fields[:2] == ("settings.regime_window", "settings.trade_window")
    assert outcome.text.endswith("more")
    settings = analysis_pb2.AnalysisSettings(policy_rules=[bad] * 1_001)
    outcome = caller.call(ANALYZE, service_pb2.AnalyzeRequest(settings=settings).SerializeToString())
    assert (outcome.code, outcome.fields) == (REFUSED, ("settings.policy_rules",))


def test_resume_points_that_cannot_be(caller: RawCaller, attacked: ServiceProcess) -> None:
    newest = get_feedback(attacked)
    for revision, epoch, reason in (
        (newest.revision + 1, newest.epoch, "REVISION_IN_FUTURE"),
        (2**64 - 1, "", "REVISION_IN_FUTURE"),
        (2**63, newest.epoch, "REVISION_IN_FUTURE"),
        (newest.revision, "\x1b[2J" * 10_000, "EPOCH_CHANGED"),
    ):
        request = service_pb2.StreamFeedbackRequest(resume_after_revision=revision, epoch=epoch)
        outcome = caller.call(STREAM, request.SerializeToString(), streams=True)
        assert (outcome.code, outcome.reason) == (grpc.StatusCode.OUT_OF_RANGE, reason)
        assert outcome.text.isprintable()


JUNK = (
    bytes(1_000),
    b"\xff" * 1_000,
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /health HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
)


def test_bytes_that_are_no_protocol(caller: RawCaller, attacked: ServiceProcess) -> None:
    for address in (attacked.grpc_address, attacked.http_address):
        host, _, port = address.rpartition(":")
        for junk in JUNK:
            # The peer may close at any time; whether and what it answers is its own affair.
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5) as connection:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                while answer := connection.recv(65_536):
                    assert b"Traceback" not in answer
    assert caller.call(GET, b"").code is grpc.StatusCode.OK
    health(attacked)


@pytest.mark.parametrize("path", ["/page/", "/..%2f..%2fetc/passwd", "/health%00", "/%1b%5b2J", "/metrics/x"])
def test_pages_that_are_not_there(attacked: ServiceProcess, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        get_text(attacked, path)
    assert missing.value.code == 404
    assert missing.value.read() == b"Not Found"


def test_messages_over_the_limit(caller: RawCaller, attacked: ServiceProcess) -> None:
    too_large = bytes(97 * 1024 * 1024)
    assert caller.call(ANALYZE, too_large).code is grpc.StatusCode.RESOURCE_EXHAUSTED
    with raw_caller(attacked, grpc.Compression.Gzip) as compressed:
        outcome = compressed.call(ANALYZE, too_large)
    assert outcome.code is grpc.StatusCode.RESOURCE_EXHAUSTED, "small on the wire, too large once it is unpacked"


def test_any_inline_memory_is_analyzed_or_refused(caller: RawCaller) -> None:
    number = st.floats() | st.sampled_from([1e15, -1e15, 0.0, -0.0, 5e-324])
    name = st.sampled_from(["BULL", "bear", "", " ", "UNKNOWN"]) | st.text(max_size=5)
    time_ms = st.integers(0, 10) | st.integers(-(2**63), 2**63 - 1)

    def columns(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
        return st.lists(values, max_size=3)

    tables = {
        "regime_observations": {"regime": name, "pnl": number, "confidence": number, "time_ms": time_ms},
        "portfolio_entries": {"regime": name, "pnl": number, "time_ms": time_ms},
        "trade_results": {"market_regime": name, "realized_pnl": number, "strategy": name, "time_ms": time_ms},
    }
    memories = st.fixed_dictionaries(
        {table: st.fixed_dictionaries({k: columns(v) for k, v in named.items()}) for table, named in tables.items()}
    )

    @repeatable(300)
    @given(memories, st.none() | number)
    def check(memory: dict[str, dict[str, list[object]]], cap: float | None) -> None:
        message = memory_pb2.InlineMemory(max_leverage_hint=cap)
        for table, named in memory.items():
            for column, values in named.items():
                getattr(getattr(message, table), column).extend(values)
        check_outcome(caller.call(ANALYZE, service_pb2.AnalyzeRequest(inline=message).SerializeToString()))

    check()


def check_outcome(outcome: Outcome) -> None:
    if outcome.code is grpc.StatusCode.OK:
        assert_finite(service_pb2.AnalyzeResponse.FromString(outcome.answer))
        return
    assert outcome.code is REFUSED
    assert len(outcome.fields) == 1
    assert outcome.fields[0].startswith("inline.")


def test_the_service_is_sound_after_all_of_it(attacked: ServiceProcess) -> None:
    check_sound(attacked)
