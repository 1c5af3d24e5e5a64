"""Hysteresis in the sync loop, on a real Redis: what waits, who goes on with it, and that a replay says the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from advice import NOW_MS
from redis_inputs import add_regime, add_trade
from replay_records import csv_of, silent
from syncing import SETTINGS, cycled, syncing_with

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.served_advice import Served, served_advice
from strategic_memory_server.revisions.feedback_json import decode_feedback
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")
ON = replace(SETTINGS, advice=AdviceSettings(hysteresis=HysteresisSettings(results=2, seconds=600)))
BULL, CAREFUL = ("AGGRESSIVE", 1.68), ("CONSERVATIVE", 1.0)


def said(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.get(KEYS.feedback)
    document: dict[str, Any] = json.loads(raw)
    return document


def advised(client: redis.Redis) -> tuple[str, float]:
    return said(client)["updated_policy"], said(client)["leverage_hint"]


def codes(client: redis.Redis) -> list[str]:
    return [reason["code"] for reason in said(client)["reasons"] if "WAITS" in reason["code"]]


def good_times(client: redis.Redis) -> None:
    for _ in range(5):
        add_regime(client, "BULL", 0.3, entry_id="*")


async def test_risk_that_is_added_waits_and_is_followed_after_so_many_results(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        assert await cycled(syncing) == "published"
        assert advised(redis_client) == CAREFUL
        assert codes(redis_client) == [
            "POLICY_WAITS",
            "LEVERAGE_WAITS",
            "CURRENT_POLICY_WAITS",
            "CURRENT_LEVERAGE_WAITS",
        ]
        assert await cycled(syncing, 30) == "confirmed"
        for expected in (CAREFUL, BULL):
            add_trade(redis_client, "BULL", 0.3)
            await cycled(syncing)
            assert advised(redis_client) == expected
        assert (codes(redis_client), syncing.sync.status.flaps) == ([], {})


async def test_it_is_followed_after_so_long_and_taken_away_at_once(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        await cycled(syncing)
        assert await cycled(syncing, 599.999) == "confirmed"
        assert await cycled(syncing, 0.001) == "published"
        assert advised(redis_client) == BULL
        add_trade(redis_client, "BULL", -9.0)
        await cycled(syncing)
        assert advised(redis_client)[0] == "CONSERVATIVE"


async def test_what_is_taken_back_while_it_waits_is_counted_in_the_status(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        await cycled(syncing)
        add_trade(redis_client, "BULL", -9.0)
        await cycled(syncing)
        assert syncing.sync.status.flaps[("preferred", "policy")] == 1
        assert "POLICY_WAITS" not in codes(redis_client)


@pytest.mark.parametrize("is_carried_out", [True, False])
async def test_what_is_taken_back_counts_once_where_a_write_has_got_no_answer(
    is_carried_out: bool, redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = FeedbackLog.publish

    async def unanswered(self: FeedbackLog, *given: object) -> bool:
        if is_carried_out:
            assert await publish(self, *given)  # type: ignore[arg-type]
        raise ConnectionResetError

    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        await cycled(syncing)
        add_trade(redis_client, "BULL", -9.0)
        for _ in range(2 - is_carried_out):
            with monkeypatch.context() as broken:
                broken.setattr(FeedbackLog, "publish", unanswered)
                assert (await syncing.sync.cycle()).failure is not None
        assert await cycled(syncing) == ("confirmed" if is_carried_out else "published")
        assert await cycled(syncing) == "confirmed"
        assert syncing.sync.status.flaps[("preferred", "policy")] == 1


async def test_a_restart_and_another_leader_go_on_with_the_wait(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON, "first") as first:
        good_times(redis_client)
        await cycled(first)
        before = said(redis_client)
        redis_client.delete(KEYS.lease)
        async with syncing_with(redis_server.url, ON, "second") as second:
            assert await cycled(second, 300) == "confirmed"
            assert said(redis_client)["followed"] == before["followed"]
            await cycled(second, 300)
            assert advised(redis_client) == BULL


async def test_after_its_validity_risk_is_added_to_the_safe_values_and_waits_anew(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        await cycled(syncing)
        await cycled(syncing, 600)
        assert advised(redis_client) == BULL
        await cycled(syncing, SETTINGS.validity_s)
        assert advised(redis_client) == BULL, "it was still valid, to the millisecond"
        await cycled(syncing, SETTINGS.validity_s + 0.001)
        assert advised(redis_client) == CAREFUL
        await cycled(syncing, 600)
        assert advised(redis_client) == BULL


async def test_where_nothing_can_be_advised_any_more_risk_is_added_to_the_safe_values(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        good_times(redis_client)
        await cycled(syncing)
        await cycled(syncing, 600)
        redis_client.delete("quantum:stream:meta.regime")
        assert await cycled(syncing) == "TOO_FEW_ENTRIES"
        good_times(redis_client)
        await cycled(syncing)
        assert advised(redis_client) == CAREFUL


async def test_off_nothing_of_it_is_written(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    async with syncing_with(redis_server.url) as syncing:
        good_times(redis_client)
        await cycled(syncing)
    assert advised(redis_client) == BULL
    assert "followed" not in said(redis_client)


WINDOWS = WindowSettings(12, 5, 6)
EVIDENCE = EvidenceSettings(decay=0.998, minimum_weight=1.0, required_probability=0.55)


def entry_of(number: int, seed: int) -> tuple[int, str, str, float, str]:
    """A made-up entry; the market changes every now and then, so that advice rises and falls."""
    mood = (number * 7 + seed * 13) // 40 % 3
    noise = ((number * 37 + seed * 101) % 19 - 9) / 30
    pnl = round((0.5, -0.2, 0.15)[mood] + noise, 3)
    regime = ("BULL", "BEAR", "RANGE")[(number // 9 + seed) % 3]
    kind = "regime" if (number + seed) % 3 else "trade"
    policy = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[(number * 5 + seed) % 3]
    return NOW_MS + number * 20_000 + (number * number * 997) % 15_000, kind, regime, pnl, policy


def record_text(entries: Sequence[tuple[int, str, str, float, str]]) -> str:
    lines = ["kind,time,regime,pnl,policy,confidence"]
    lines += [
        f"{kind},{time_ms},{regime},{pnl},{policy if kind == 'trade' else ''},{0.8 if kind == 'regime' else ''}"
        for time_ms, kind, regime, pnl, policy in entries
    ]
    return "\n".join(lines) + "\n"


def write(client: redis.Redis, entry: tuple[int, str, str, float, str]) -> None:
    time_ms, kind, regime, pnl, policy = entry
    if kind == "trade":
        add_trade(client, regime, pnl, policy=policy, entry_id=f"{time_ms}-0")
    else:
        add_regime(client, regime, pnl, entry_id=f"{time_ms}-0")


def newest(client: redis.Redis) -> Feedback:
    raw: Any = client.get(KEYS.feedback)
    return decode_feedback(raw)


@pytest.mark.parametrize("rules", Rules)
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_same_entries_at_the_same_times_give_the_same_advice_live_and_in_a_replay(
    seed: int, rules: Rules, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    entries = [entry_of(number, seed) for number in range(150)]
    hysteresis = HysteresisSettings(results=3, seconds=90)
    advice = AdviceSettings(rules=rules, windows=WINDOWS, evidence=EVIDENCE, hysteresis=hysteresis)
    replayed: list[Served] = list(served_advice(csv_of(tmp_path, record_text(entries)), advice, 1, silent))
    live: list[Advice] = []
    left = list(entries)
    async with syncing_with(redis_server.url, replace(SETTINGS, advice=advice)) as syncing:
        for served in replayed:
            while left and left[0][0] <= served.known_at_ms:
                write(redis_client, left.pop(0))
            syncing.clock.now_ms = served.known_at_ms
            await syncing.sync.cycle()
            if served.feedback.status is FeedbackStatus.ACTIVE:
                live.append(newest(redis_client).advice)
    expected = [served.feedback.advice for served in replayed if served.feedback.status is FeedbackStatus.ACTIVE]
    assert live == expected
    policies = [each.updated_policy for each in expected]
    assert len(set(policies)) > 1
    assert any(each.followed and each.followed.preferred.policy_waits for each in expected)
    assert len(replayed) > len(entries), "some of what waited was followed between two entries"
