"""Thousands of inputs that no producer should write: each is counted once, and nothing else is to be seen of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
import redis
from conftest import StartService
from finite_output import strict_object
from malformed_entries import PORTFOLIO, REGIMES, TRADES
from mixed_inputs import MixedInputs, mixed_inputs
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_events import Events, subscribed
from redis_inputs import PREFIX, add_regime, read_stream
from service_calls import get_feedback, get_json
from system.malformed_values import EXITS, VALUE_SOURCES, malformed_values
from system.soundness import (
    LASTING,
    Counts,
    analyze,
    await_syncs,
    check_sound,
    health,
    iterations,
    log_of,
    rejected_by_health,
    rejected_by_metrics,
)

from strategic_memory.v1 import analysis_pb2, feedback_pb2
from strategic_memory_server.memory.policy import Policy

pytestmark = pytest.mark.system

SEED = 20_251_221
MALFORMED_ENTRIES = 6_000
MALFORMED_VALUES = 1_200
LOGGED_IN_10_S = 7
"""Most lines about rejections in ten seconds: five inputs, and how many more now and before."""

READ_BYTES = 65_537
"""The service reads no more of a value; two that begin alike are one to it."""

STREAMS = (REGIMES, PORTFOLIO, TRADES)

UNHURRIED = {**LASTING, **PATIENT}
"""A Redis that stands still for a moment is no problem to tell, no analysis that fails, and no reason to read anew."""


def advice(feedback: feedback_pb2.Feedback) -> feedback_pb2.Feedback:
    """The feedback without its place in the log and the times of the sync."""
    content = feedback_pb2.Feedback()
    content.CopyFrom(feedback)
    for name in ("revision", "epoch", "timestamp", "valid_until"):
        content.ClearField(name)
    return content


def without_evidence(feedback: feedback_pb2.Feedback) -> feedback_pb2.Feedback:
    """The advice without the evidence, which rests on all trades and not on those of the window."""
    content = advice(feedback)
    content.ClearField("evidence")
    return content


def figures(analysis: analysis_pb2.Analysis) -> analysis_pb2.Analysis:
    """The analysis without the reports on what was read for it, and what depends on all trades or on the time now."""
    content = analysis_pb2.Analysis()
    content.CopyFrom(analysis)
    content.ClearField("sources")
    content.ClearField("context")
    # Of the stored memory alone.
    content.ClearField("past_advice")
    for regime in content.regimes:
        regime.ClearField("evidence")
        for performance in (regime.performance, *(policy.performance for policy in regime.policies)):
            performance.ClearField("newest_age_ms")
    return content


def check_outputs_in_redis(client: redis.Redis, events: Events) -> None:
    strict_object(client.get(f"{PREFIX}:feedback:strategic_memory") or b"")
    log = read_stream(client, f"{PREFIX}:stream:strategic_feedback")
    assert log
    for _, fields in log:
        strict_object(fields[b"feedback"])
        event = events.next()
        assert event["event"] == "strategic_feedback_updated"
        strict_object(json.dumps(event))
    assert events.none_has_arrived()


def check_advice(service: ServiceProcess, inputs: MixedInputs) -> None:
    """What is said of the stored memory is what would be said without the malformed entries."""
    alone, stored = analyze(service, inputs.usable), analyze(service)
    assert alone.feedback.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
    assert figures(stored.analysis) == figures(alone.analysis)
    assert without_evidence(stored.feedback) == without_evidence(alone.feedback)
    assert advice(get_feedback(service)) == advice(stored.feedback)


def test_thousands_of_malformed_entries_are_counted_once_and_change_nothing(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    inputs = mixed_inputs(MALFORMED_ENTRIES, SEED)
    inputs.write(redis_client)
    with subscribed(redis_client, f"{PREFIX}:events:strategic_feedback") as events:
        service = start_service(sync_interval_s=0.1, env=UNHURRIED)
        eventually(lambda: rejected_by_health(service) == inputs.rejected, what="every rejection is counted")
        trades = sum(name.strip().upper() in Policy.__members__ for name in inputs.usable.trade_results.policy)
        eventually(
            lambda: get_json(service)["metrics"]["sync"]["trades_remembered"] == trades, what="all are remembered"
        )
        check_advice(service, inputs)
        said = get_feedback(service)

        more = mixed_inputs(MALFORMED_ENTRIES // 4, SEED + 1, with_usable=False, start_ms=inputs.end_ms)
        more.write(redis_client)
        expected = inputs.rejected + more.rejected
        eventually(lambda: rejected_by_health(service) == expected, what="the later rejections are counted")
        await_syncs(service)
        assert rejected_by_health(service) == expected
        assert rejected_by_metrics(service) == expected
        check_advice(service, inputs)
        assert get_feedback(service).revision == said.revision, "malformed entries are no news"
        check_outputs_in_redis(redis_client, events)
    check_sound(service, told=("inputs refused",))
    log = log_of(service)
    first, last = (datetime.fromisoformat(line["timestamp"]) for line in (log[0], log[-1]))
    about_rejections = [line for line in log if "rejected" in line["event"].lower()]
    assert 0 < len(about_rejections) <= LOGGED_IN_10_S * (1 + (last - first) // timedelta(seconds=10))


def test_thousands_of_malformed_values_are_named_and_change_nothing(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    inputs = mixed_inputs(0, SEED)
    inputs.write(redis_client)
    service = start_service(sync_interval_s=3600.0, env=PATIENT)
    alone = eventually(lambda: found if (found := get_feedback(service)).revision else None)
    values = malformed_values(MALFORMED_VALUES, SEED)
    rounds = [values[start : start + len(VALUE_SOURCES)] for start in range(0, len(values), len(VALUE_SOURCES))]
    for together in rounds:
        redis_client.mset({f"{PREFIX}:{value.source}": value.raw for value in together})
        answer = analyze(service)
        reported = {report.source: dict(report.rejected) for report in answer.analysis.sources if report.rejected}
        assert reported == {value.source: {value.reason: 1} for value in together}
        assert answer.analysis.context == analysis_pb2.Context()
        assert advice(answer.feedback) == advice(alone)
    assert rejected_by_health(service) == Counter(), "an analysis counts nothing"


def test_every_malformed_value_is_counted_once_for_as_long_as_it_stays(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    inputs = mixed_inputs(0, SEED)
    inputs.write(redis_client)
    service = start_service(sync_interval_s=0.05, env=UNHURRIED)
    expected: Counts = Counter()
    before: dict[str, bytes] = {}
    values = malformed_values(25 * len(VALUE_SOURCES), SEED + 2)
    for start in range(0, len(values), len(VALUE_SOURCES)):
        together = {value.source: value for value in values[start : start + len(VALUE_SOURCES)]}
        redis_client.mset({f"{PREFIX}:{source}": value.raw for source, value in together.items()})
        now = {source: value.raw[:READ_BYTES] for source, value in together.items()}
        expected.update((source, together[source].reason) for source, raw in now.items() if before.get(source) != raw)
        before = now
        eventually(lambda: rejected_by_health(service) == expected, what="the values are counted")
    await_syncs(service)
    assert rejected_by_health(service) == expected
    assert rejected_by_metrics(service) == expected
    check_advice(service, inputs)
    check_sound(service, told=("inputs refused",))


def is_counted(service: ServiceProcess, expected: Counts) -> bool:
    return rejected_by_health(service) == expected


def test_a_value_that_comes_back_is_counted_again(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=0.05, env=UNHURRIED)
    key = f"{PREFIX}:{EXITS}"
    for times in (1, 2):
        redis_client.set(key, "no JSON")
        eventually(partial(is_counted, service, Counter({(EXITS, "not_json"): times})))
        redis_client.set(key, '{"a": 1}')
        eventually(lambda: health(service)["metrics"]["inputs"][EXITS]["accepted"] == 1)


def write_wrong_types(client: redis.Redis, kind: str) -> tuple[str, ...]:
    """Put this Redis type into every key that is to hold another one; their sources."""
    sources = {"stream": VALUE_SOURCES, "string": STREAMS}.get(kind, (*VALUE_SOURCES, *STREAMS))
    for key in (f"{PREFIX}:{source}" for source in sources):
        match kind:
            case "list":
                client.rpush(key, "x")
            case "set":
                client.sadd(key, "x")
            case "sorted set":
                client.zadd(key, {"x": 1})
            case "hash":
                client.hset(key, "x", "1")
            case "stream":
                client.xadd(key, {"x": "1"})
            case _:
                client.set(key, "BALANCED")
    return sources


def test_keys_of_every_wrong_type(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=0.05, env=UNHURRIED)
    everything = [f"{PREFIX}:{source}" for source in (*VALUE_SOURCES, *STREAMS)]
    expected: Counts = Counter()
    for kind in ("list", "set", "sorted set", "hash", "stream", "string"):
        sources = write_wrong_types(redis_client, kind)
        expected.update((source, "wrong_type") for source in sources)
        eventually(lambda: rejected_by_health(service) == expected, what=f"keys that hold a {kind} are counted")
        redis_client.delete(*everything)
        await_syncs(service, 2)
    for _ in range(3):
        add_regime(redis_client)
    eventually(lambda: get_feedback(service).status == feedback_pb2.FEEDBACK_STATUS_ACTIVE)
    assert rejected_by_metrics(service) == expected
    check_sound(service)


def test_a_stream_that_becomes_something_else_does_not_hold_the_others_up(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    service = start_service(sync_interval_s=600.0)
    eventually(lambda: get_feedback(service).revision)
    redis_client.set(f"{PREFIX}:{TRADES}", "no stream")
    eventually(lambda: rejected_by_health(service) == Counter({(TRADES, "wrong_type"): 1}), what="it is noticed")
    add_regime(redis_client, "RANGE", 9.0)
    eventually(lambda: get_feedback(service).preferred_regime == "RANGE", what="a new entry is no poll away")
    assert iterations(service) < 10, "a key that stays in the way does not make the service run in circles"
