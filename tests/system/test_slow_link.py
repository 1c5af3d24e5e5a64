"""A link to Redis over which a page does not arrive in time: the first reading takes long, and ends."""

from __future__ import annotations

import json

import pytest
import redis
from conftest import StartService
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback, get_json

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

BYTES_PER_S = 40_000
TIMEOUT_S = 0.7
TRADES = 500
PATIENCE_S = 90.0


def is_read(service: ServiceProcess, trades: int) -> bool:
    sync = get_json(service)["metrics"]["sync"]
    return bool(sync["trades_remembered"] == trades and not sync["catching_up"])


def is_active(service: ServiceProcess, revision: int) -> bool:
    said = get_feedback(service)
    return said.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE and said.revision >= revision


def test_the_first_reading_over_a_slow_link_ends(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, start_service: StartService
) -> None:
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(TRADES):
        add_trade(pipeline, trade_id=f"trade-{number:060d}")
        add_regime(pipeline, pnl=0.1 + number / TRADES)
    pipeline.execute()
    # A value that does not arrive in time in one piece.
    redis_client.set("quantum:exposure:summary", json.dumps({"note": "x" * 30_000}))
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as link:
        link.throttle(BYTES_PER_S, direction=Direction.TO_CLIENT)
        env = {
            "STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT": str(TIMEOUT_S),
            "STRATEGIC_MEMORY_REGIME_WINDOW": "300",
            "STRATEGIC_MEMORY_VALIDITY": "600",
        }
        service = start_service(f"redis://{link.address}/0", sync_interval_s=5, env=env)
        eventually(lambda: is_active(service, 1), PATIENCE_S)
        eventually(lambda: is_read(service, TRADES), PATIENCE_S)
        assert get_feedback(service).regime_performance.sample_count >= 300
