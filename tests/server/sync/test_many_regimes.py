"""Producers that name ever more regimes: the advice, what is told, and how much there is to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest
import redis
import redis.asyncio
from claimed import KEYS as LOG_KEYS
from claimed import lease_of
from processes import aeventually
from redis_inputs import add_regime, add_trade
from syncing import SETTINGS, syncing_with

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.evidence.estimate import Estimate
from strategic_memory_server.evidence.estimator import Belief
from strategic_memory_server.long_memory.group_memory import GroupMemory
from strategic_memory_server.long_memory.lender import Lender
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.sync.memory_sync_service import STANDBY


@pytest.mark.parametrize("rules", Rules)
async def test_names_without_end_are_bounded_told_and_never_preferred(
    rules: Rules, redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = Belief.estimate

    def counted(belief: Belief, regimes: list[str], caps: dict[str, float]) -> Estimate:
        asked.append(len(regimes))
        return ask(belief, regimes, caps)

    monkeypatch.setattr(Belief, "estimate", counted)
    random = Random(1)
    settings = replace(SETTINGS, advice=AdviceSettings(rules=rules, max_regimes=4))
    async with syncing_with(redis_server.url, settings) as syncing:
        for _ in range(6):
            add_regime(redis_client, "BULL", 0.3, entry_id="*")
            add_trade(redis_client, "BULL", 0.1, policy="CONSERVATIVE")
        await syncing.sync.cycle()
        assert "too_many_regimes" not in syncing.problems.standing
        for number in range(60):
            # The mixture earns best, and with the boldest policy.
            add_trade(redis_client, f"BULL_{number}", 9.0 + random.random(), policy="AGGRESSIVE")
            if number % 20 == 19:
                status = await syncing.sync.cycle()
                assert status.failure is None
                assert status.best_regime != "OTHER"
        told = syncing.problems.standing["too_many_regimes"]
        assert "4 regimes are kept apart" in told
        assert "STRATEGIC_MEMORY_MAX_REGIMES" in told
        noted = [report.noted.get("counted_as_other", 0) for report in syncing.sync.status.sources]
        assert sum(noted) > 0
        # No more is worked out than is said: of the preferred regime and of the present one.
        assert max(asked) <= 2


async def test_what_a_leader_alone_looks_at_is_not_told_for_good_once_another_one_leads(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """It stood still for longer than its lease: what it told of may be mended, and it would never see that."""
    settings = replace(SETTINGS, advice=AdviceSettings(max_regimes=1))
    for regime in ("BULL", "BEAR"):
        for number in range(30):
            policy = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")[number % 3]
            add_trade(redis_client, regime, 0.1 + number % 7, policy=policy)
    add_trade(redis_client, "BEAR", 1e14, policy="BALANCED")
    redis_client.set(MemoryKeys.under("other").evidence, "of another type")
    lender = Lender(MemoryStore(async_client, "other", 0.998, 100), asyncio.Semaphore(1), holds_s=180.0)
    looked_at = {"too_many_regimes", "memory_units_mixed", "group_unreadable"}
    async with syncing_with(redis_server.url, settings) as syncing:
        sync, told = syncing.sync, syncing.problems
        sync._parts = replace(sync._parts, group=GroupMemory("fx", lambda: {"other": lender}, told))
        await sync.cycle()
        assert looked_at <= told.standing.keys()

        async def leads_again() -> bool:
            return (await sync.cycle()).outcome != STANDBY

        for leader in (syncing.leadership.name, "", "another"):
            syncing.leadership.deposed(syncing.leadership.claim)
            syncing.leadership.leader = leader
            assert (await sync.cycle()).outcome == STANDBY
            left = looked_at if leader == "another" else set[str]()
            assert looked_at & told.standing.keys() == looked_at - left, "where nobody leads nobody else tells it"
            await aeventually(leads_again)
            assert looked_at <= told.standing.keys()
        # That another one leads it may learn only once it stands by.
        redis_client.delete(LOG_KEYS.lease)
        await lease_of(async_client, "another").take()
        syncing.leadership.deposed(syncing.leadership.claim)
        async with syncing.running():
            await aeventually(lambda: not looked_at & told.standing.keys())
