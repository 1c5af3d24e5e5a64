"""The freqtrade mixin in a real bot: its stake follows the advice, and the trade that it closed is in the memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis
from adapters.adapted_tools import run_with
from conftest import StartService
from processes import REPOSITORY, eventually
from service_calls import get_feedback

from strategic_memory_producer import TraceWriter
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


@pytest.mark.parametrize("mode", ["spot", "futures"])
def test_a_bot_trades_by_the_advice_and_records_what_it_closed(
    mode: str, redis_server: EmbeddedRedis, redis_client: redis.Redis, start_service: StartService, tmp_path: Path
) -> None:
    with TraceWriter(redis_server.url) as writer:
        for number in range(20):
            writer.observe_regime("BULL", pnl=0.4, confidence=0.9)
            writer.record_trade(0.5, regime="BULL", policy="AGGRESSIVE", trade_id=f"t{number}")
    service = start_service()
    eventually(lambda: get_feedback(service).current.leverage_hint > 1.2)
    bot = REPOSITORY / "tests" / "adapters" / "freqtrade_bot.py"
    said = json.loads(
        run_with("freqtrade", bot, service.grpc_address, redis_server.url, str(tmp_path), mode).splitlines()[-1]
    )
    assert said["hint"] > 1.2
    assert not said["is_open"]
    # The position is as large as advised: by its leverage, or where there is none by its stake.
    assert said["stake"] * said["leverage"] == pytest.approx(1_000 * said["hint"], rel=1e-3)
    assert said["leverage"] == (said["hint"] if mode == "futures" else 1.0)
    assert (said["leverage_at_most_1_2"], said["stake_at_that"]) == (1.2, pytest.approx(1_000 * said["hint"] / 1.2))
    # A backtest is of the past, and the advice is of now.
    assert said["in_a_backtest"] == [1_000, 1]
    assert said["where_nothing_is_known"] == ["CONSERVATIVE", 1.0]
    found: Any = redis_client.xrevrange("quantum:stream:trade.results", count=1)
    trade = {name.decode(): value.decode() for name, value in found[0][1].items()}
    assert float(trade["realized_pnl"]) == pytest.approx(said["close_profit"])
    assert (trade["policy"], trade["symbol"], trade["strategy"]) == (
        said["policy"],
        "BTC/USDT" if mode == "spot" else "BTC/USDT:USDT",
        "Momentum",
    )
    assert trade["trade_id"].startswith("1-20")
    assert trade["opened_at"] <= trade["timestamp"]
