"""A lowered cap on leverage acts soon in a process with many portfolios, each of which looks for itself but rarely."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis
from processes import aeventually
from redis_inputs import add_regime

from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.portfolios import watch_pace
from strategic_memory_server.portfolios.shared_resources import reach
from strategic_memory_server.portfolios.watch_pace import WatchPace
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.processes


async def test_a_lowered_cap_acts_though_its_portfolio_looks_but_once_in_hours(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_pace, "LOOKS_A_SECOND", 0.000_1)
    file = tmp_path / "portfolios.toml"
    file.write_text("[portfolios.desk]\n")
    for _ in range(3):
        add_regime(redis_client, prefix="quantum:desk")

    def leverage() -> float | None:
        said: Any = redis_client.get(LogKeys.under("quantum:desk").feedback)
        return None if said is None else float(json.loads(said)["leverage_hint"])

    overrides = {
        "redis_url": redis_server.url,
        "portfolio_file": str(file),
        "grpc_address": "127.0.0.1:0",
        "http_address": "127.0.0.1:0",
        "interval": 600,
    }
    async with open_service(read_environment(overrides).service_settings()):
        await aeventually(lambda: (leverage() or 0) > 0.3)
        redis_client.set("quantum:desk:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
        await aeventually(lambda: leverage() == 0.3)


@pytest.mark.parametrize(("is_shared", "within_s"), [(True, 1.75), (False, 50.0)])
def test_in_a_cluster_each_looks_for_itself(*, is_shared: bool, within_s: float) -> None:
    """The keys of its portfolios are on several nodes, each of which is reached by another client."""
    redis_server = reach(RedisSettings("redis://127.0.0.1:1"), Problems(), is_shared=is_shared)
    assert (redis_server.caps is not None) is is_shared
    assert WatchPace.of_many(redis_server, lambda: 10_000).caps_s() == within_s
