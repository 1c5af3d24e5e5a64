"""`export` and `import` with hysteresis: it begins anew elsewhere, from the safe values, as the pages say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from advice import NOW_MS
from processes import aeventually
from redis_inputs import add_regime, add_trade
from server.exporting.test_export_guard import KEYS, brought_back, exported, said
from syncing import SETTINGS, syncing_with

from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.processes

HELD = replace(SETTINGS, advice=replace(SETTINGS.advice, hysteresis=HysteresisSettings(results=2)))
MINUTE_MS = 60_000


async def lived(server: EmbeddedRedis, client: redis.Redis, minutes: range) -> dict[str, Any]:
    """What a service says after a gain each minute; where there are no minutes, after a sync with nothing new."""
    client.delete(KEYS.lease)
    async with syncing_with(server.url, HELD, f"from {minutes}") as syncing:
        await aeventually(lambda: syncing.leadership.claim is not None)
        for minute in minutes or [minutes.start]:
            syncing.clock.now_ms = NOW_MS + minute * MINUTE_MS
            if minutes:
                add_regime(client, "BULL", 0.5, entry_id=f"{syncing.clock.now_ms}-0")
                add_trade(client, "BULL", 0.5, policy="BALANCED", entry_id=f"{syncing.clock.now_ms}-1")
            assert (await syncing.sync.cycle()).failure is None
    return said(client)


async def test_what_waited_before_it_moved_waits_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await lived(redis_server, redis_client, range(8))
    assert (before["updated_policy"], before["leverage_hint"]) == ("AGGRESSIVE", 1.68)
    folder = await exported(redis_server, tmp_path / "export")
    redis_client.flushall()
    assert "hysteresis" not in await brought_back(redis_server, folder, "--dry-run")
    monkeypatch.setenv("STRATEGIC_MEMORY_HYSTERESIS_RESULTS", "2")
    assert "\nhysteresis: is not brought back" in await brought_back(redis_server, folder)
    at_first = await lived(redis_server, redis_client, range(8, 8))
    assert (at_first["updated_policy"], at_first["leverage_hint"]) == ("CONSERVATIVE", 1.0)
    assert at_first["reasons"][-1]["code"] == "CURRENT_LEVERAGE_WAITS"
    assert at_first["regime_performance"] == before["regime_performance"]
    again = await lived(redis_server, redis_client, range(8, 10))
    assert (again["updated_policy"], again["leverage_hint"]) == ("AGGRESSIVE", 1.68)
