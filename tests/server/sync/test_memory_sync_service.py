"""The sync loop on a real Redis: what a cycle does, what it says of itself, and how it goes on after a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import redis
import redis.asyncio
from advice import NOW_MS
from claimed import said_in
from processes import aeventually
from redis_inputs import GoldenCase, add_portfolio, add_regime, add_trade, golden_cases, load_golden_case
from redis_kinds.whole_service import stored_feedback
from structlog.testing import capture_logs
from syncing import SETTINGS, Syncing, syncing_with

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")
EVIDENCE = MemoryKeys.under("quantum").evidence


@pytest.fixture
async def syncing(redis_server: EmbeddedRedis) -> AsyncIterator[Syncing]:
    async with syncing_with(redis_server.url) as found:
        yield found


async def test_a_cycle_publishes_and_the_next_one_confirms(syncing: Syncing, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3, entry_id="*")
    first = await syncing.sync.cycle()
    assert (first.iteration, first.outcome, first.samples) == (1, "published", 3)
    assert (first.best_regime, first.policy, first.failure) == ("BULL", Policy.AGGRESSIVE, None)
    assert first.completed_at_ms == NOW_MS
    assert stored_feedback(redis_client)["valid_until"] == "2025-12-21T06:30:00.000Z"
    syncing.clock.now_ms += 60_000
    second = await syncing.sync.cycle()
    assert (second.iteration, second.outcome) == (2, "confirmed")
    assert stored_feedback(redis_client)["timestamp"] == "2025-12-21T06:01:00.000Z"
    assert stored_feedback(redis_client)["valid_until"] == "2025-12-21T06:31:00.000Z"
    assert syncing.told == [first, second]


async def test_new_data_that_changes_nothing_but_times_is_a_confirmation(
    syncing: Syncing, redis_client: redis.Redis
) -> None:
    for number in range(60):
        add_regime(redis_client, "BULL", 0.25, entry_id=f"{NOW_MS + number}-0")
    await syncing.sync.cycle()
    add_regime(redis_client, "BULL", 0.25, entry_id=f"{NOW_MS + 5_000}-0")
    assert (await syncing.sync.cycle()).outcome == "confirmed"
    assert stored_feedback(redis_client)["data_as_of"] == "2025-12-21T06:00:05.000Z"
    assert stored_feedback(redis_client)["revision"] == 1


async def test_too_few_entries_write_no_feedback_but_open_the_log(syncing: Syncing, redis_client: redis.Redis) -> None:
    add_regime(redis_client)
    add_trade(redis_client)
    status = await syncing.sync.cycle()
    assert (status.outcome, status.samples, status.best_regime) == ("TOO_FEW_ENTRIES", 2, "UNKNOWN")
    assert "2 of the 3 entries" in status.explanation
    assert (status.policy, status.confidence, status.failure) == (Policy.CONSERVATIVE, 0.0, None)
    written = [key for key in said_in(redis_client) if b"feedback" in key]
    assert written == [KEYS.state.encode()]


async def test_only_entries_without_a_known_regime(syncing: Syncing, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_portfolio(redis_client, regime=None)
    assert (await syncing.sync.cycle()).outcome == "NO_KNOWN_REGIME"


@pytest.mark.parametrize("case", golden_cases())
async def test_the_reference_cases(case: GoldenCase, syncing: Syncing, redis_client: redis.Redis) -> None:
    load_golden_case(redis_client, case)
    status = await syncing.sync.cycle()
    if case.expected_feedback is None:
        assert status.outcome == "TOO_FEW_ENTRIES"
        return
    document = stored_feedback(redis_client)
    expected = case.expected_feedback
    assert document["preferred_regime"] == expected["preferred_regime"]
    assert document["updated_policy"] == expected["updated_policy"]
    assert document["confidence_boost"] == pytest.approx(expected["confidence_boost"], abs=1e-4)
    assert document["leverage_hint"] == pytest.approx(expected["leverage_hint"], abs=1e-4)


async def test_malformed_inputs_are_reported_each_time_and_counted_once(
    syncing: Syncing, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_regime(redis_client)
    add_regime(redis_client, pnl="nan")
    redis_client.set("quantum:governance:policy", "YOLO")
    for _ in range(3):
        status = await syncing.sync.cycle()
        reports = {report.source: dict(report.rejected) for report in status.sources if report.rejected}
        assert reports == {
            "governance:policy": {"policy_unrecognised": 1},
            "stream:meta.regime": {"pnl_not_finite": 1},
        }
    assert syncing.sync.rejections.totals == {
        ("governance:policy", "policy_unrecognised"): 1,
        ("stream:meta.regime", "pnl_not_finite"): 1,
    }


async def test_a_failed_cycle_is_kept_in_the_status_and_recovered_from(
    syncing: Syncing, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    redis_client.rpush(KEYS.state, "text")
    for failures in (1, 2):
        status = await syncing.sync.cycle()
        assert status.failure is not None
        assert KEYS.state in status.failure
        assert (status.failures, status.iteration, status.completed_at_ms) == (failures, 0, None)
    redis_client.delete(KEYS.state)
    status = await syncing.sync.cycle()
    assert (status.failure, status.failures, status.iteration, status.outcome) == (None, 0, 1, "published")


async def test_a_fault_of_the_program_does_not_end_the_loop_and_shows_no_text(
    syncing: Syncing, monkeypatch: pytest.MonkeyPatch, redis_client: redis.Redis
) -> None:
    def fail(_self: PatternAnalyzer, _memory: object) -> None:
        raise RuntimeError("redis://user:s3cr3t@host")

    with monkeypatch.context() as broken:
        broken.setattr(PatternAnalyzer, "analyze", fail)
        status = await syncing.sync.cycle()
    assert status.failure == "fault of the program: RuntimeError"
    assert (await syncing.sync.cycle()).failure is None


async def test_where_the_program_is_broken_is_said_once_for_as_long_as_it_is(
    syncing: Syncing, monkeypatch: pytest.MonkeyPatch, redis_client: redis.Redis
) -> None:
    """Each retry, every five seconds for weeks, was some thirty lines."""
    for _ in range(3):
        add_regime(redis_client)
    for _ in range(2):
        with monkeypatch.context() as broken, capture_logs() as lines:
            broken.setattr(PatternAnalyzer, "analyze", lambda *_: 1 / 0)
            for failures in (1, 2, 3):
                assert (await syncing.sync.cycle()).failures == failures
        assert [line["event"] for line in lines].count("Memory sync failed by a fault of the program") == 1
        assert (await syncing.sync.cycle()).failure is None


async def test_what_was_flushed_gets_an_epoch_again_though_there_is_nothing_to_advise(
    syncing: Syncing, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    await syncing.sync.cycle()
    before = stored_feedback(redis_client)["epoch"]
    redis_client.flushall()
    assert (await syncing.sync.cycle()).outcome == "standby", "the lease has gone with everything else"

    async def led_again() -> bool:
        return (await syncing.sync.cycle()).outcome == "TOO_FEW_ENTRIES"

    await aeventually(led_again)
    epoch: Any = redis_client.hget(KEYS.state, "epoch")
    assert epoch.decode() not in ("", before)
    for _ in range(3):
        add_regime(redis_client)
    assert (await syncing.sync.cycle()).outcome == "published"
    assert (stored_feedback(redis_client)["epoch"], stored_feedback(redis_client)["revision"]) == (epoch.decode(), 2)


async def test_the_line_of_a_cycle(
    syncing: Syncing, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    await syncing.sync.cycle()
    shown = capsys.readouterr().out
    assert "Memory sync iteration complete" in shown
    for field in ("iteration=1", "samples=3", "best_regime=BULL", "policy=AGGRESSIVE", "confidence=", "elapsed_ms="):
        assert field in shown


async def test_the_loop_syncs_at_once_when_entries_arrive(syncing: Syncing, redis_client: redis.Redis) -> None:
    async with syncing.running():
        await aeventually(lambda: len(syncing.told) == 1)
        for _ in range(3):
            add_regime(redis_client)
        await aeventually(lambda: syncing.sync.status.samples == 3)
    assert len(syncing.told) <= 5


async def test_the_loop_stops_at_once_in_the_middle_of_a_wait(redis_server: EmbeddedRedis) -> None:
    async with syncing_with(redis_server.url, replace(SETTINGS, reactive=False)) as syncing:
        async with syncing.running():
            await aeventually(lambda: len(syncing.told) == 1)
        assert len(syncing.told) == 1


async def test_a_loop_that_was_stopped_before_it_ran_does_nothing(syncing: Syncing) -> None:
    syncing.sync.stop()
    await syncing.sync.run()
    assert syncing.told == []


async def test_the_loop_retries_sooner_than_the_interval(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, replace(SETTINGS, retry_s=0.01)) as syncing:
        redis_client.rpush(KEYS.state, "text")
        async with syncing.running():
            await aeventually(lambda: syncing.sync.status.failures >= 3)
            redis_client.delete(KEYS.state)
            await aeventually(lambda: syncing.sync.status.failure is None)
        assert syncing.sync.status.iteration == 1


async def test_a_success_makes_the_next_wait_a_short_one_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, replace(SETTINGS, retry_s=0.01)) as syncing:
        add_regime(redis_client)
        redis_client.rpush(EVIDENCE, "text")
        async with syncing.running():
            await aeventually(lambda: syncing.sync.status.failures >= 5)
            redis_client.delete(EVIDENCE)
            await aeventually(lambda: syncing.sync.status.completed_at_ms)
            assert syncing.sync._pace.retries.next_s() <= 0.01


async def test_a_stream_of_another_type_leaves_the_others_watched(syncing: Syncing, redis_client: redis.Redis) -> None:
    redis_client.set("quantum:stream:trade.results", "text")
    async with syncing.running():
        await aeventually(lambda: len(syncing.told) == 1)
        for _ in range(3):
            add_regime(redis_client)
        await aeventually(lambda: syncing.sync.status.samples == 3)
