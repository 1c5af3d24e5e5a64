"""A lowered cap on leverage acts soon in a process with many portfolios, also where it only serves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
from processes import aeventually
from redis_inputs import add_regime

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.portfolios import watch_pace
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.processes


def settings_of(server: EmbeddedRedis, file: Path, role: str = "sync") -> ServiceSettings:
    overrides = {
        "redis_url": server.url,
        "portfolio_file": str(file),
        "grpc_address": "127.0.0.1:0",
        "http_address": "127.0.0.1:0",
        "interval": 600,
        "role": role,
    }
    return read_environment(overrides).service_settings()


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

    async with open_service(settings_of(redis_server, file)):
        await aeventually(lambda: (leverage() or 0) > 0.3)
        redis_client.set("quantum:desk:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
        await aeventually(lambda: leverage() == 0.3)


async def test_a_lowered_cap_acts_where_many_are_only_served_and_nobody_leads(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_pace, "LOOKS_A_SECOND", 0.000_1)
    file = tmp_path / "portfolios.toml"
    file.write_text("[portfolios.desk]\n")
    async with (
        open_service(settings_of(redis_server, file, role="serve")) as service,
        grpc.aio.insecure_channel(service.grpc_address) as channel,
    ):
        stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)

        async def is_named() -> bool:
            listed = await stub.ListPortfolios(service_pb2.ListPortfoliosRequest(), wait_for_ready=True, timeout=30)
            return "desk" in [each.name for each in listed.portfolios]

        async def leverage() -> float:
            asked = service_pb2.GetFeedbackRequest(portfolio="desk")
            return (await stub.GetFeedback(asked, wait_for_ready=True, timeout=30)).feedback.leverage_hint

        async def is_lowered() -> bool:
            return await leverage() == 0.3

        await aeventually(is_named)
        assert await leverage() == 1.0
        redis_client.set("quantum:desk:risk:leverage_limits", '{"max_leverage_hint": 0.3}')
        await aeventually(is_lowered)
