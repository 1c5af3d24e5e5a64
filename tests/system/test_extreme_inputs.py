"""Inputs at the ends of what Redis can hold: ids, sizes, arbitrary bytes; and the service's own keys, tampered with."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

import pytest
import redis
from conftest import StartService
from finite_output import assert_finite, strict_object
from hypothesis import given
from hypothesis import strategies as st
from malformed_entries import GOOD_FIELDS, PORTFOLIO, REGIMES, TRADES
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis.typing import EncodableT, FieldT
from redis_inputs import PREFIX, add_regime, add_trade
from repeatable import repeatable
from service_calls import get_feedback, get_json
from system.malformed_values import EXPOSURE, LEVERAGE, VALUE_SOURCES
from system.soundness import LASTING, analyze, await_syncs, check_sound, health, rejected_by_health, resident_mib

from strategic_memory.v1 import feedback_pb2

pytestmark = pytest.mark.system

LOG = f"{PREFIX}:stream:strategic_feedback"
TRADE_STREAM = f"{PREFIX}:{TRADES}"
BAD_TRADE = {b"market_regime": b"BULL", b"realized_pnl": b"much"}
NOT_A_NUMBER = (TRADES, "realized_pnl_not_a_number")
HIGHEST_MS = 2**64 - 2
PATIENTLY = {**LASTING, **PATIENT}
"""What is read here may be large, and a problem that is told of Redis is none of those that are looked for."""


def is_counted(service: ServiceProcess, times: int) -> bool:
    return rejected_by_health(service)[NOT_A_NUMBER] == times


def test_ids_beyond_all_time_are_counted_once_each(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=0.05, env=PATIENTLY)
    ids = [f"{2**53}-1", f"{2**63}-1", f"{HIGHEST_MS}-5", f"{HIGHEST_MS}-40000", f"{HIGHEST_MS}-40001"]
    for times, entry_id in enumerate(ids, 1):
        redis_client.xadd(TRADE_STREAM, dict(BAD_TRADE.items()), id=entry_id)
        eventually(partial(is_counted, service, times), what=f"{entry_id} is counted")
    for sequence in range(1, 4):
        add_trade(redis_client, entry_id=f"{HIGHEST_MS + 1}-{sequence}")
    feedback = eventually(lambda: found if (found := get_feedback(service)).revision else None)
    assert not feedback.HasField("data_as_of"), "none of these ids is a time"
    [told] = eventually(lambda: [each for each in get_json(service)["problems"] if each.startswith("ids in future")])
    assert told.startswith("ids in future: 3 entries of stream:trade.results have ids")
    assert f"{HIGHEST_MS + 1}-3" in told

    redis_client.delete(TRADE_STREAM)
    redis_client.xadd(TRADE_STREAM, dict(BAD_TRADE.items()), id="1-1")
    eventually(partial(is_counted, service, len(ids) + 1), what="lower ids of a stream made anew are counted")
    await_syncs(service)
    assert rejected_by_health(service) == Counter({NOT_A_NUMBER: len(ids) + 1})
    eventually(lambda: "ids in future" not in str(get_json(service)["problems"]), what="it is withdrawn")
    check_sound(service, told=("inputs refused",))


def test_a_malformed_entry_that_comes_into_view_late_is_counted(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    env = {"STRATEGIC_MEMORY_TRADE_WINDOW": "2", **PATIENTLY}
    redis_client.xadd(TRADE_STREAM, dict(BAD_TRADE.items()), id="1-1")
    newer = [add_trade(redis_client, entry_id=f"2-{sequence}") for sequence in range(1, 4)]
    service = start_service(sync_interval_s=0.05, env=env)
    await_syncs(service)
    assert rejected_by_health(service) == Counter(), "the window is full without it"
    redis_client.xadd(TRADE_STREAM, dict(BAD_TRADE.items()), id="3-1")
    eventually(partial(is_counted, service, 1))
    redis_client.xdel(TRADE_STREAM, *newer)
    eventually(partial(is_counted, service, 2), what="the older one is counted once the scan reaches it")
    await_syncs(service)
    assert is_counted(service, 2)


def test_enormous_values_and_entries(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client)
    for source in VALUE_SOURCES:
        redis_client.setrange(f"{PREFIX}:{source}", 100_000_000, b"x")
    service = start_service(sync_interval_s=0.2, env=PATIENTLY)
    await_syncs(service)
    assert resident_mib(service) < 128, "no more of a value is read than is needed to refuse it"
    assert rejected_by_health(service)[EXPOSURE, "too_large"] == 1
    redis_client.delete(*[f"{PREFIX}:{source}" for source in VALUE_SOURCES])

    digits = b"1" * 1_000_000
    for number in (digits, digits + b"x", b"." * 1_000_000, b"-" + digits, b"0." + digits + b"e"):
        redis_client.xadd(TRADE_STREAM, {b"market_regime": b"BULL", b"realized_pnl": number})
    redis_client.xadd(TRADE_STREAM, {b"market_regime": b"R" * 5_000_000, b"realized_pnl": b"1"})
    many_fields: dict[FieldT, EncodableT] = {f"field {number}": "x" for number in range(50_000)}
    redis_client.xadd(TRADE_STREAM, many_fields | {"realized_pnl": "x"})
    expected = {(TRADES, "realized_pnl_too_long"): 5, (TRADES, "market_regime_too_long"): 1, NOT_A_NUMBER: 1}
    eventually(lambda: expected.items() <= rejected_by_health(service).items(), what="all seven are counted")
    check_sound(service, told=("inputs refused",))
    held_mib = resident_mib(service)
    await_syncs(service, 20)
    assert resident_mib(service) < held_mib + 40, "nothing of what is read again and again stays"


def test_a_console_log_gives_the_terminal_no_commands(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(
        sync_interval_s=0.05, env={"STRATEGIC_MEMORY_LOG_FORMAT": "console"}, wait_until_ready=False
    )
    add_regime(redis_client, "\x1b]0;owned\x07\x1b[2J", 0.5)
    add_regime(redis_client, "\u202eLLUB", 0.5)
    add_regime(redis_client, "BULL", "\x1b[31m1")
    redis_client.set(f"{PREFIX}:{LEVERAGE}", b'{"max_leverage_hint": "\\u001b[2J"}')
    output = eventually(lambda: text if "max_leverage_hint_not_a_number" in (text := service.output()) else None)
    assert output.replace("\n", "").isascii()
    assert output.replace("\n", "").isprintable()
    assert "\\x1b]0;owned" in output


def test_arbitrary_entries(start_service: StartService, redis_client: redis.Redis) -> None:
    """Whatever the fields are: an entry is used or rejected, and every figure is a number."""
    service = start_service(sync_interval_s=3600.0, env=PATIENT)
    awkward = st.sampled_from(
        [b"nan", b"1e400", b"-1e15", b"1e15", b"-0", b"1e-400", b"UNKNOWN", b"BULL", b"\xff", b""]
    )
    value = awkward | st.binary(max_size=40) | st.floats().map(lambda number: repr(number).encode())
    names = sorted({name for fields in GOOD_FIELDS.values() for name in fields})
    fields = st.dictionaries(st.sampled_from(names) | st.binary(max_size=8), value, min_size=1, max_size=8)
    entries = st.lists(st.tuples(st.sampled_from([REGIMES, PORTFOLIO, TRADES]), fields), max_size=20)

    @repeatable(120)
    @given(entries)
    def check(written: list[tuple[str, dict[bytes, bytes]]]) -> None:
        redis_client.delete(*[f"{PREFIX}:{source}" for source in (REGIMES, PORTFOLIO, TRADES)])
        for source, content in written:
            redis_client.xadd(f"{PREFIX}:{source}", dict(content.items()))
        answer = analyze(service)
        assert_finite(answer)
        counted = Counter(source for source, _ in written)
        for report in answer.analysis.sources:
            if report.source.startswith("stream:"):
                assert report.accepted + sum(report.rejected.values()) == counted[report.source]
        counting = (report.accepted - report.noted.get("observed_without_pnl", 0) for report in answer.analysis.sources)
        assert answer.analysis.sample_count == sum(counting)

    check()


TAMPERED_FEEDBACK: tuple[dict[str, object], ...] = (
    {"confidence_boost": float("nan")},
    {"leverage_hint": float("inf")},
    {"leverage_hint": True},
    {"preferred_regime": 5},
    {"preferred_regime": "\ud800"},
    {"updated_policy": "REDUCE"},
    {"status": "\x1b[2J" * 1_000},
    {"timestamp": "0001-01-01T00:00:00+14:00"},
    {"valid_until": 5},
    {"version": None},
    {"reasons": [{"code": 1, "sentence": 2, "comparisons": []}]},
    {"regime_performance": {"avg_pnl": float("nan"), "win_rate": 0, "sample_count": 2**70}},
    {"revision": 2**64},
)
NOT_FEEDBACK = (b"[" * 50_000, b"\xff\x1b[2J", b"null", b"")

TAMPERED_STATE: tuple[tuple[str, str | bytes], ...] = (
    *(("revision", value) for value in ("abc", "-5", "9" * 30, "\x1b[2J", "1e3", "0x10", "nan")),
    *(("epoch", value) for value in (b"\xff", b"", b"\x1b[2J")),
    *(("epoch_start", value) for value in ("x", "-1", "inf")),
    *(("valid_until_ms", value) for value in ("9" * 20, "nan")),
    *(("data_as_of_ms", value) for value in ("-" + "9" * 20, "x")),
    ("oldest_revision", "\x1b[2J"),
)


def next_advice(service: ServiceProcess, client: redis.Redis, number: int) -> feedback_pb2.Feedback:
    """Make another regime the preferred one and wait until the service says so; every answer on the way is checked."""
    add_regime(client, f"R{number}", number + 1.0)
    answers: list[feedback_pb2.Feedback] = []

    def said() -> bool:
        answers.append(get_feedback(service))
        return answers[-1].preferred_regime == f"R{number}"

    eventually(said, what=f"advice number {number}")
    for answer in answers:
        assert_finite(answer)
        # All begin with observations of BULL.
        assert answer.preferred_regime in (f"R{number}", f"R{number - 1}" if number else "BULL", "UNKNOWN")
    assert health(service)["status"] == "active"
    return answers[-1]


def test_a_tampered_feedback_log_is_never_served(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.05, env=PATIENTLY)
    newest = next_advice(service, redis_client, 0)
    in_force = strict_object(redis_client.get(f"{PREFIX}:feedback:strategic_memory") or b"")
    tamperings: tuple[dict[str, object] | bytes, ...] = (*TAMPERED_FEEDBACK, *NOT_FEEDBACK)
    for number, tampering in enumerate(tamperings, 1):
        following = newest.revision + 1
        if isinstance(tampering, bytes):
            content = tampering
        else:
            content = json.dumps({**in_force, "revision": following, "epoch": newest.epoch, **tampering}).encode()
        redis_client.xadd(LOG, {"feedback": content}, id=f"{following}-0")
        before, newest = newest, next_advice(service, redis_client, number)
        assert newest.epoch != before.epoch, "what the log holds now is another history"
    check_sound(service, told=("foreign log entry", "feedback log foreign"))


def test_a_tampered_state_is_repaired(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.05, env=PATIENTLY)
    newest = next_advice(service, redis_client, 0)
    for number, (field, value) in enumerate(TAMPERED_STATE, 1):
        redis_client.hset(f"{PREFIX}:feedback:strategic_memory:state", field, value)
        before, newest = newest, next_advice(service, redis_client, number)
        assert newest.revision > before.revision, (field, value)
    check_sound(service, told=("feedback log lost",))
