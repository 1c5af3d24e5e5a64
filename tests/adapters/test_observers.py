"""The observers of backtesters, with the real tools: what the tool closed is what Redis has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import redis
from adapters.adapted_tools import run_with
from processes import REPOSITORY
from records.made_up_prices import write_prices

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


@pytest.mark.parametrize(("tool", "example"), [("backtesting", "backtesting"), ("nautilus_trader", "nautilus")])
def test_every_trade_that_a_backtest_closed_is_recorded_once(
    tool: str, example: str, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    write_prices(tmp_path / "prices.csv")
    arguments = (REPOSITORY / "examples" / f"{example}_observer.py", str(tmp_path / "prices.csv"), "--redis")
    said = run_with(tool, *arguments, redis_server.url)
    number, earned = re.findall(r"(\d+) \w+ that earned ([-+.\d]+) were recorded", said)[0]
    assert int(number) > 40
    found: Any = redis_client.xrange("quantum:stream:trade.results")
    assert len(found) == int(number)
    assert sum(float(fields[b"realized_pnl"]) for _, fields in found) == pytest.approx(float(earned), abs=0.01)
    assert all(fields[b"opened_at"] <= fields[b"timestamp"] for _, fields in found)
    assert {fields[b"market_regime"] for _, fields in found} <= {b"BULL", b"BEAR"}
    # The same trades again have the same ids, so the service counts them once.
    run_with(tool, *arguments, redis_server.url)
    again: Any = redis_client.xrange("quantum:stream:trade.results")
    assert len(again) == 2 * len(found)
    assert len({fields[b"trade_id"] for _, fields in again}) == len(found)
