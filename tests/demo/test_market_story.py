"""What a spectator of the demo gets to see, by the real loader, analyzer and rules on a real Redis."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import redis.asyncio

from strategic_memory_demo.feed import STEPS_PER_S
from strategic_memory_demo.input_entries import entries_of, malformed_entries
from strategic_memory_demo.market_model import MarketModel
from strategic_memory_demo.market_parameters import POLICIES, PROFILES
from strategic_memory_demo.options import DEFAULT_SEED
from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries.input_keys import key_of
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings

PREFIX = "quantum"


@pytest.fixture
async def client(redis_server: EmbeddedRedis) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        yield client


async def advices(client: redis.asyncio.Redis, seed: int, seconds: float) -> list[Advice]:
    """The advice after each step of the market, as if the service had synced at each."""
    model, malformed = MarketModel(seed), malformed_entries()
    loader = MemoryLoader(client, PREFIX, WindowSettings())
    given = []
    for _ in range(round(seconds * STEPS_PER_S)):
        written = entries_of(model.step(), datetime.now(UTC))
        broken = next(malformed)
        async with client.pipeline(transaction=False) as pipeline:
            for entry in written + ([broken] if broken else []):
                pipeline.xadd(key_of(PREFIX, entry.source), dict(entry.fields.items()))
            await pipeline.execute()
        loaded = await loader.load()
        advice = ReinforcementFeedback().recommend(PatternAnalyzer().analyze(loaded.memory))
        if isinstance(advice, Advice):
            given.append(advice)
    return given


async def test_with_the_default_seed_everything_occurs_within_a_minute(client: redis.asyncio.Redis) -> None:
    given = await advices(client, DEFAULT_SEED, 60)
    assert {advice.updated_policy.name for advice in given} == set(POLICIES)
    assert {advice.current_regime for advice in given} == set(PROFILES)
    policies = Counter(advice.updated_policy.name for advice in given)
    assert min(policies.values()) > 10, "each policy can be seen for more than a moment"
