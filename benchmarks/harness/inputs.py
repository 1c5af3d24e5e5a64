"""Made-up inputs as producers write them: all nine keys, in the shapes of docs/redis.md."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import redis
from redis.typing import EncodableT, FieldT

from strategic_memory_server.entries import input_keys as keys

PREFERRED_REGIME = "BULL"
"""Has the highest mean pnl by far, so that each entry of it changes the feedback."""

DEFAULT_WINDOWS = {keys.META_REGIME: 50, keys.PORTFOLIO_MEMORY: 50, keys.TRADE_RESULTS: 30}
"""Entries that the service looks at, by source."""

Entry = dict[FieldT, EncodableT]

_MEAN_PNL = {PREFERRED_REGIME: 5.0, "RANGE": 0.1, "BEAR": -0.5, "VOLATILE": -0.2}
_POLICIES = ("AGGRESSIVE", "BALANCED", "CONSERVATIVE")
_TIMESTAMP = "2025-12-21T06:00:00Z"

_VALUES: Mapping[str, str] = {
    keys.GOVERNANCE_POLICY: "BALANCED",
    keys.GOVERNANCE_PREFERRED_REGIME: PREFERRED_REGIME,
    keys.GOVERNANCE_REGIME_STATS: json.dumps(
        {
            regime: {"count": 40, "total_pnl": 40 * mean, "avg_pnl": mean, "wins": 24, "losses": 16, "win_rate": 0.6}
            for regime, mean in _MEAN_PNL.items()
        }
    ),
    keys.EXPOSURE_SUMMARY: json.dumps({"gross": 1.4, "net": 0.6, "positions": 12}),
    keys.LEVERAGE_LIMITS: json.dumps({"max_leverage_hint": 1.8, "max_position_leverage": 3.0}),
    keys.EXIT_STATISTICS: json.dumps({"take_profit": 31, "stop_loss": 14, "timeout": 5}),
}


def regime_observation(random_numbers: random.Random, regime: str | None = None) -> Entry:
    """Make one entry of the regime stream; without `regime`, of any."""
    name = regime or random_numbers.choice(list(_MEAN_PNL))
    return {
        "regime": name,
        "pnl": f"{_MEAN_PNL[name] + random_numbers.gauss(0, 0.5):.6f}",
        "volatility": f"{random_numbers.uniform(0.005, 0.05):.6f}",
        "trend": f"{random_numbers.uniform(-0.01, 0.01):.6f}",
        "confidence": f"{random_numbers.uniform(0.5, 1.0):.4f}",
        "timestamp": _TIMESTAMP,
    }


def portfolio_entry(random_numbers: random.Random, regime: str | None = None) -> Entry:
    """Make one entry of the portfolio stream; without `regime`, of any."""
    name = regime or random_numbers.choice(list(_MEAN_PNL))
    pnl = _MEAN_PNL[name] + random_numbers.gauss(0, 0.5)
    return {"regime": name, "pnl": f"{pnl:.6f}", "total_pnl": f"{1_000 + pnl:.6f}", "timestamp": _TIMESTAMP}


def trade_result(random_numbers: random.Random, regime: str | None = None) -> Entry:
    """Make one entry of the trade stream; without `regime`, of any."""
    name = regime or random_numbers.choice(list(_MEAN_PNL))
    return {
        "market_regime": name,
        "realized_pnl": f"{_MEAN_PNL[name] + random_numbers.gauss(0, 0.5):.6f}",
        "policy": random_numbers.choice(_POLICIES),
        "symbol": "BTCUSDT",
        "timestamp": _TIMESTAMP,
    }


MAKERS = {
    keys.META_REGIME: regime_observation,
    keys.PORTFOLIO_MEMORY: portfolio_entry,
    keys.TRADE_RESULTS: trade_result,
}
"""What makes an entry, by source."""


def fill(client: redis.Redis, random_numbers: random.Random, prefix: str = "quantum") -> None:
    """Write all nine inputs, each stream as long as its default window."""
    with client.pipeline(transaction=False) as pipeline:
        for source, value in _VALUES.items():
            pipeline.set(keys.key_of(prefix, source), value)
        for source, entries in DEFAULT_WINDOWS.items():
            for _ in range(entries):
                pipeline.xadd(keys.key_of(prefix, source), MAKERS[source](random_numbers))
        pipeline.execute()
