"""The drawdown guard in the sync loop, on a real Redis: who goes on with it, and that a replay says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from advice import NOW_MS
from processes import aeventually
from redis_inputs import add_regime, add_trade
from replay_records import csv_of, silent
from syncing import SETTINGS, Syncing, cycled, syncing_with

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import FREE
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.served_advice import served_advice
from strategic_memory_server.revisions.feedback_json import decode_feedback
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.guard_text import guard_of_text
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.sync.shadow import PROBLEM, Shadow, _Seen

KEYS, SHADOW = LogKeys.under("quantum"), LogKeys.of_shadow("quantum")
GUARDED = AdviceSettings(
    windows=WindowSettings(6, 3, 4),
    evidence=EvidenceSettings(decay=0.998, minimum_weight=1.0, required_probability=0.95),
    leverage_guard=True,
)
ON = replace(SETTINGS, advice=GUARDED)

Entry = tuple[int, str, float, str, int | None]
"""Time, kind, pnl, policy, opening."""


def entries_of(seed: int, count: int) -> Iterator[Entry]:
    """Made-up entries: the market pays for a while and then spreads widely, most trades follow what is advised."""
    random = np.random.default_rng(seed)
    time_ms = NOW_MS
    for number in range(count):
        time_ms += int(random.integers(1, 40_000))
        wild = 5.0 if number > 0.7 * count else 1.0
        pnl = round(float(random.standard_normal()) * 0.3 * wild + 0.05, 3)
        policy = ("CONSERVATIVE", "CONSERVATIVE", "CONSERVATIVE", "BALANCED", "AGGRESSIVE")[number * 7 % 5]
        opened = time_ms - int(random.integers(1, 200_000)) if number % 3 == 0 else None
        yield time_ms, "regime" if number % 6 == 0 else "trade", pnl, policy, opened


def record_text(entries: list[Entry]) -> str:
    lines = ["kind,time,regime,pnl,policy,opened,confidence"]
    for time_ms, kind, pnl, policy, opened in entries:
        of_trade = f"{policy},{'' if opened is None else opened}," if kind == "trade" else ",,0.8"
        lines.append(f"{kind},{time_ms},BULL,{pnl},{of_trade}")
    return "\n".join(lines) + "\n"


def write(client: redis.Redis, entry: Entry) -> None:
    time_ms, kind, pnl, policy, opened = entry
    if kind == "regime":
        add_regime(client, "BULL", pnl, entry_id=f"{time_ms}-0")
    else:
        more = {} if opened is None else {"opened_at": str(opened)}
        add_trade(client, "BULL", pnl, policy=policy, entry_id=f"{time_ms}-0", **more)


def newest(client: redis.Redis, keys: LogKeys = KEYS) -> Feedback:
    raw: Any = client.get(keys.feedback)
    return decode_feedback(raw)


def written(client: redis.Redis, keys: LogKeys = KEYS) -> bytes:
    text: Any = client.hget(keys.state, "guard")
    return b"" if text is None else bytes(text)


def is_shadowed(client: redis.Redis, at_ms: int) -> bool:
    return bool(client.exists(SHADOW.feedback)) and newest(client, SHADOW).times.computed_at_ms == at_ms


async def cycled_at(syncing: Syncing, now_ms: int) -> str:
    await aeventually(lambda: syncing.leadership.claim is not None)
    syncing.clock.now_ms = now_ms
    return await cycled(syncing)


@pytest.mark.parametrize(
    ("rules", "hysteresis", "seed"),
    [
        (Rules.REFERENCE, HysteresisSettings(), 1),
        (Rules.REFERENCE, HysteresisSettings(results=3, seconds=90), 2),
        (Rules.EVIDENCE, HysteresisSettings(results=2), 3),
    ],
)
async def test_live_and_in_a_replay_it_stands_the_same_at_every_moment_whoever_leads(
    rules: Rules,
    hysteresis: HysteresisSettings,
    seed: int,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
    tmp_path: Path,
) -> None:
    entries = list(entries_of(seed, 240))
    advice = replace(GUARDED, rules=rules, hysteresis=hysteresis)
    replayed = list(served_advice(csv_of(tmp_path, record_text(entries)), advice, 1, silent))
    live: list[Advice] = []
    left = list(entries)
    third = len(replayed) // 3 + 1
    for part, holder in enumerate(("first", "second", "third")):
        # The leader went away: another one goes on from what is in Redis.
        redis_client.delete(KEYS.lease)
        async with syncing_with(redis_server.url, replace(SETTINGS, advice=advice), holder) as syncing:
            for served in replayed[part * third : (part + 1) * third]:
                while left and left[0][0] <= served.known_at_ms:
                    write(redis_client, left.pop(0))
                await cycled_at(syncing, served.known_at_ms)
                if served.feedback.status is FeedbackStatus.ACTIVE:
                    live.append(newest(redis_client).advice)
    expected = [served.feedback.advice for served in replayed if served.feedback.status is FeedbackStatus.ACTIVE]
    assert [each.guard for each in live] == [each.guard for each in expected]
    assert live == expected
    found = {each.guard.factor for each in expected if each.guard}
    assert len(found) > 1, "it moves"
    assert "drawdown_guard" in {each.leverage_bound_by for each in expected}
    assert "LEVERAGE_GUARDED" in {reason.code for each in expected for reason in each.reasons}


async def test_a_shadow_with_a_guard_stands_where_the_service_would_and_the_advice_is_without(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    entries = list(entries_of(1, 120))
    off = replace(GUARDED, leverage_guard=False)
    async with syncing_with(redis_server.url, replace(SETTINGS, advice=off), shadow=GUARDED) as syncing:
        for entry in entries:
            write(redis_client, entry)
            if await cycled_at(syncing, entry[0]) != "TOO_FEW_ENTRIES":
                await aeventually(partial(is_shadowed, redis_client, entry[0]))
    assert (written(redis_client), newest(redis_client).advice.guard) == (b"", None)
    of_shadow = newest(redis_client, SHADOW).advice.guard
    redis_client.flushall()
    async with syncing_with(redis_server.url, ON) as syncing:
        for entry in entries:
            write(redis_client, entry)
            await cycled_at(syncing, entry[0])
    assert of_shadow == newest(redis_client).advice.guard
    assert of_shadow is not None
    assert of_shadow.results > 30


async def test_a_shadow_that_cannot_write_loses_no_result(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = list(entries_of(1, 90))
    say = Shadow._say
    fails: list[bool] = []

    async def said(self: Shadow, seen: _Seen) -> None:
        if fails:
            raise ConnectionResetError
        await say(self, seen)

    monkeypatch.setattr(Shadow, "_say", said)
    async with syncing_with(redis_server.url, ON, shadow=GUARDED) as syncing:
        for number, entry in enumerate(entries):
            fails[:] = [True] * (number in range(78, 85))
            write(redis_client, entry)
            if await cycled_at(syncing, entry[0]) == "TOO_FEW_ENTRIES":
                continue
            if fails:
                await aeventually(lambda: PROBLEM in syncing.problems.standing)
            else:
                await aeventually(partial(is_shadowed, redis_client, entry[0]))
    assert guard_of_text(written(redis_client)).results > 30
    assert guard_of_text(written(redis_client, SHADOW)) == guard_of_text(written(redis_client))


@pytest.mark.parametrize("is_carried_out", [True, False])
async def test_a_shadow_loses_no_result_where_a_sync_fails_whether_or_not_it_was_written(
    is_carried_out: bool, redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = list(entries_of(1, 90))
    publish = FeedbackLog.publish
    fails: list[bool] = []

    async def unanswered(self: FeedbackLog, *given: object) -> bool:
        if not fails or self.keys.log != KEYS.log:
            return await publish(self, *given)  # type: ignore[arg-type]
        if is_carried_out:
            assert await publish(self, *given)  # type: ignore[arg-type]
        raise ConnectionResetError

    monkeypatch.setattr(FeedbackLog, "publish", unanswered)
    async with syncing_with(redis_server.url, ON, shadow=GUARDED) as syncing:
        for number, entry in enumerate(entries):
            write(redis_client, entry)
            if number in range(60, 85):
                fails[:], syncing.clock.now_ms = [True], entry[0]
                assert (await syncing.sync.cycle()).failure is not None
                fails.clear()
            if (await cycled_at(syncing, entry[0])) != "TOO_FEW_ENTRIES":
                await aeventually(partial(is_shadowed, redis_client, entry[0]))
    assert guard_of_text(written(redis_client)).results > 30
    assert guard_of_text(written(redis_client, SHADOW)) == guard_of_text(written(redis_client))


async def test_what_it_goes_on_from_survives_another_epoch_and_is_forgotten_once_it_is_off(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    entries = list(entries_of(4, 40))
    async with syncing_with(redis_server.url, ON) as syncing:
        for entry in entries:
            write(redis_client, entry)
            await cycled_at(syncing, entry[0])
    before, epoch = guard_of_text(written(redis_client)), newest(redis_client).epoch
    assert before.results > 10
    assert before.reading() == newest(redis_client).advice.guard
    redis_client.delete(KEYS.lease, KEYS.log)
    async with syncing_with(redis_server.url, ON, "another") as syncing:
        await cycled_at(syncing, entries[-1][0] + 1)
    assert newest(redis_client).epoch != epoch or newest(redis_client).revision > 0
    assert newest(redis_client).advice.guard == before.reading()
    redis_client.delete(KEYS.lease)
    without = replace(ON, advice=replace(GUARDED, leverage_guard=False), lead_anyway=True)
    async with syncing_with(redis_server.url, without, "off") as syncing:
        await cycled_at(syncing, entries[-1][0] + 2)
    assert written(redis_client) == b""
    raw: Any = redis_client.get(KEYS.feedback)
    assert "guard" not in json.loads(raw)


async def test_a_long_memory_that_is_built_anew_counts_no_result_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    entries = list(entries_of(7, 160))
    later = entries[-1][0] + 60_000
    async with syncing_with(redis_server.url, ON, shadow=GUARDED) as syncing:
        for entry in entries:
            write(redis_client, entry)
            if await cycled_at(syncing, entry[0]) != "TOO_FEW_ENTRIES":
                await aeventually(partial(is_shadowed, redis_client, entry[0]))
    before, of_shadow = guard_of_text(written(redis_client)), guard_of_text(written(redis_client, SHADOW))
    assert min(before.results, of_shadow.results) > FREE
    assert before.factor < 1.0
    for number in range(3):
        redis_client.delete(KEYS.lease, MemoryKeys.under("quantum").evidence)
        async with syncing_with(redis_server.url, ON, f"{number}", shadow=GUARDED) as syncing:
            await cycled_at(syncing, later + number)
            assert syncing.sync.status.trades_remembered > before.results, "it is built anew"
            await aeventually(partial(is_shadowed, redis_client, later + number))
        assert guard_of_text(written(redis_client)) == before
        assert guard_of_text(written(redis_client, SHADOW)) == of_shadow
    redis_client.delete(KEYS.lease)
    async with syncing_with(redis_server.url, ON, "last") as syncing:
        add_trade(redis_client, "BULL", 0.5, policy=before.said[-1].policy.name, entry_id=f"{later + 11}-0")
        await cycled_at(syncing, later + 11)
    assert guard_of_text(written(redis_client)).results == before.results + 1


async def test_where_nothing_can_be_advised_results_count_all_the_same(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    entries = list(entries_of(5, 30))
    async with syncing_with(redis_server.url, ON) as syncing:
        for entry in entries:
            write(redis_client, entry)
            await cycled_at(syncing, entry[0])
        before = guard_of_text(written(redis_client))
        redis_client.delete("quantum:stream:meta.regime", "quantum:stream:trade.results")
        later = entries[-1][0] + 60_000
        add_trade(redis_client, "BULL", 0.5, policy=before.said[-1].policy.name, entry_id=f"{later}-0")
        assert await cycled_at(syncing, later) == "TOO_FEW_ENTRIES"
        assert guard_of_text(written(redis_client)).results == before.results + 1
        assert await cycled_at(syncing, later + 1) == "TOO_FEW_ENTRIES"
        assert guard_of_text(written(redis_client)).results == before.results + 1


async def test_what_cannot_be_read_begins_afresh_and_off_nothing_of_it_is_written(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    entries = list(entries_of(6, 12))
    async with syncing_with(redis_server.url) as syncing:
        for entry in entries[:6]:
            write(redis_client, entry)
            await cycled_at(syncing, entry[0])
    raw: Any = redis_client.get(KEYS.feedback)
    assert ("guard" in json.loads(raw), written(redis_client)) == (False, b"")
    redis_client.delete(KEYS.lease)
    redis_client.hset(KEYS.state, "guard", '{"results": -1}')
    async with syncing_with(redis_server.url, replace(ON, lead_anyway=True), "another") as syncing:
        for entry in entries[6:]:
            write(redis_client, entry)
            await cycled_at(syncing, entry[0])
    assert 0 <= guard_of_text(written(redis_client)).results <= 6
