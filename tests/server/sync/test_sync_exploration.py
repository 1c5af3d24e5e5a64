"""Exploring in the sync loop, on a real Redis: when a trial begins, how long it lasts, and who may go on with it."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from redis_inputs import add_regime, add_trade
from syncing import SETTINGS, cycled, syncing_with

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.basis.basis import basis_of_text
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.trade_reader import PAGE_ENTRIES
from strategic_memory_server.reproducing.reproduce import reproduce
from strategic_memory_server.reproducing.reproduction import Outcome
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.sync.sync_settings import SyncSettings

KEYS, MEMORY = LogKeys.under("quantum"), MemoryKeys.under("quantum")
HOLD = 4
OFF = replace(SETTINGS, advice=AdviceSettings(rules=Rules.EVIDENCE))
ON = replace(OFF, advice=replace(OFF.advice, evidence=EvidenceSettings(explore=True, exploration_hold=HOLD)))
TRADES = 40


@pytest.fixture(autouse=True)
def conservative_trades(redis_client: redis.Redis) -> None:
    """Trades of one policy in BULL, which is now; the others promise something, as nothing is known of them."""
    random = Random(3)
    for _ in range(TRADES):
        conservative_trade(redis_client, random.gauss(0.3, 1.0))
    add_regime(redis_client, "BULL", 0.3)


def conservative_trade(client: redis.Redis, pnl: float = 0.3, regime: str = "BULL") -> None:
    add_trade(client, regime, pnl, policy="CONSERVATIVE")


def said(client: redis.Redis) -> dict[str, Any]:
    raw: Any = client.get(KEYS.feedback)
    document: dict[str, Any] = json.loads(raw)
    return document


def tried(client: redis.Redis) -> object:
    raw: Any = client.hget(MEMORY.evidence, "trials")
    return None if raw is None else json.loads(raw)["trials"]


def probed(client: redis.Redis) -> tuple[str, bool, float | None]:
    """The policy for the current regime, whether it is a probe, and the trades seen since it began."""
    document = said(client)
    current, first = document["current"], document["reasons"][0]
    seen = first["comparisons"][0]["value"] if first["code"] == "EVIDENCE_PROBE" else None
    return current["policy"], current.get("is_probe", False), seen


async def test_a_trial_begins_with_a_change_of_regime_alone(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        assert await cycled(syncing) == "published"
        assert probed(redis_client) == ("BALANCED", True, 0)
        assert tried(redis_client) == {"BULL": {"policy": "BALANCED", "since": TRADES}}
        sums: Any = redis_client.hget(MEMORY.evidence, "sums")
        add_regime(redis_client, "BEAR", -0.1)
        assert await cycled(syncing) == "published"
        begun: Any = tried(redis_client)
        assert set(begun) == {"BULL", "BEAR"}
        assert begun["BEAR"]["since"] == 0
        assert redis_client.hget(MEMORY.evidence, "sums") == sums
        add_regime(redis_client, "BULL", 0.3)
        await cycled(syncing)
        assert probed(redis_client) == ("BALANCED", True, 0)
        assert tried(redis_client) == begun


async def test_an_entry_of_the_log_says_what_is_tried_in_its_own_regime_alone(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Where a producer puts the day into the name of a regime, a thousand trials stand in the long memory."""
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
        for day in range(1, 4):
            add_regime(redis_client, f"BEAR OF DAY {day}", -0.1)
            await cycled(syncing)
        conservative_trade(redis_client, regime="BEAR OF DAY 3")
        await cycled(syncing)
    begun: Any = tried(redis_client)
    assert len(begun) == 4
    entries: Any = redis_client.xrevrange(KEYS.log, count=1)
    basis = basis_of_text(entries[0][1][b"rests_on"])
    assert json.loads(basis.exploration)["trials"] == {"BEAR OF DAY 3": begun["BEAR OF DAY 3"]}
    for revision in range(1, said(redis_client)["revision"] + 1):
        again = await reproduce(async_client, "quantum", ON.advice, revision)
        assert again.outcome is Outcome.IDENTICAL, again


async def test_a_sync_in_which_nothing_happens_makes_no_revision(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
        revision, memory = said(redis_client)["revision"], redis_client.hgetall(MEMORY.evidence)
        for _ in range(3):
            assert await cycled(syncing) == "confirmed"
        assert said(redis_client)["revision"] == revision
        assert redis_client.hgetall(MEMORY.evidence) == memory


async def test_a_probe_is_held_and_counted_trade_by_trade(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
        for seen in range(1, HOLD):
            add_trade(redis_client, "BULL", -3.0, policy="BALANCED")
            await cycled(syncing)
            assert probed(redis_client) == ("BALANCED", True, seen)
        add_trade(redis_client, "BULL", -3.0, policy="BALANCED")
        await cycled(syncing)
        assert probed(redis_client) == ("AGGRESSIVE", True, 0), "BALANCED has disappointed, and its hold is over"
        assert tried(redis_client) == {"BULL": {"policy": "AGGRESSIVE", "since": TRADES + HOLD}}


@pytest.mark.parametrize("settings", [OFF, SETTINGS])
async def test_a_server_that_does_not_explore_forgets_what_was_tried(
    settings: SyncSettings, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """Else it would be gone on with much later, as if it had been held all the time."""
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
    redis_client.delete(KEYS.lease)
    async with syncing_with(redis_server.url, settings) as syncing:
        await cycled(syncing)
    assert tried(redis_client) is None
    assert "is_probe" not in json.dumps(said(redis_client))


async def test_the_next_leader_goes_on_where_the_trial_was(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON, "first") as first:
        await cycled(first)
        conservative_trade(redis_client)
        await cycled(first)
        redis_client.delete(KEYS.lease)
        async with syncing_with(redis_server.url, ON, "second") as second:
            conservative_trade(redis_client)
            await cycled(second)
            assert probed(redis_client) == ("BALANCED", True, 2)


async def test_a_leader_that_was_not_the_only_one_believes_nothing(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """The lease was elsewhere between two of its syncs, and it never stood by: no trade came that would tell it so."""
    async with syncing_with(redis_server.url, ON, "first") as first:
        await cycled(first)
        conservative_trade(redis_client)
        await cycled(first)
        assert probed(redis_client) == ("BALANCED", True, 1)
        redis_client.delete(KEYS.lease)
        async with syncing_with(redis_server.url, OFF, "second") as second:
            await cycled(second)
        assert tried(redis_client) is None
        redis_client.delete(KEYS.lease)
        await first.leadership.ask()
        await cycled(first)
        assert probed(redis_client) == ("BALANCED", True, 0)
        assert tried(redis_client) == {"BULL": {"policy": "BALANCED", "since": TRADES + 1}}


async def test_a_memory_built_anew_from_less_ends_the_trial(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
    redis_client.delete(KEYS.lease)
    redis_client.hset(MEMORY.evidence, "sums", "spoilt")
    redis_client.xtrim("quantum:stream:trade.results", maxlen=30, approximate=False)
    async with syncing_with(redis_server.url, ON) as syncing:
        await cycled(syncing)
    assert tried(redis_client) == {"BULL": {"policy": "BALANCED", "since": 30}}


async def test_a_memory_built_anew_from_all_of_it_goes_on_with_the_trial(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    """Page by page, with advice in between: nothing begins before the last one."""
    trades = PAGE_ENTRIES + 9
    pipeline = redis_client.pipeline()
    for number in range(trades - TRADES):
        conservative_trade(pipeline, (-1.0) ** number)
    pipeline.execute()
    async with syncing_with(redis_server.url, ON) as syncing:
        assert (await syncing.sync.cycle()).catching_up
        assert (probed(redis_client)[1], tried(redis_client)) == (False, None)
        await cycled(syncing)
        begun = tried(redis_client)
        assert begun == {"BULL": {"policy": "BALANCED", "since": trades}}
        conservative_trade(redis_client)
        await cycled(syncing)
    redis_client.delete(KEYS.lease)
    redis_client.hset(MEMORY.evidence, "sums", "spoilt")
    async with syncing_with(redis_server.url, ON) as syncing:
        assert (await syncing.sync.cycle()).catching_up
        assert (probed(redis_client)[1], tried(redis_client)) == (False, begun)
        await cycled(syncing)
        assert (probed(redis_client), tried(redis_client)) == (("BALANCED", True, 1), begun)
