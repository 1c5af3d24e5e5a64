"""Inputs of every kind, trade by trade, for revisions that are computed again from them."""

from __future__ import annotations

import random
from typing import Any, cast

import redis

REGIMES = ("BULL", "BEAR", "RANGE", "VOLATILE", "CRAB", "MOON")
OBSERVATIONS, PORTFOLIO, TRADES = "stream:meta.regime", "stream:portfolio.memory", "stream:trade.results"
BEFORE, LIVE = 90, 14


def write(client: redis.Redis, number: int, source: random.Random) -> None:
    """Write a trade, and now and then what else there is: observations, repeats, what is malformed or has no regime."""

    def add(stream: str, **fields: str) -> None:
        client.xadd(f"quantum:{stream}", cast("Any", fields))

    # While they are few, the trades of a page may be summed at once.
    regimes = REGIMES[:4] if number < BEFORE else REGIMES
    policy = source.choice(("CONSERVATIVE", "BALANCED", "AGGRESSIVE"))
    trade = {
        "realized_pnl": f"{source.gauss(0.1, 0.5):.4f}",
        "policy": policy,
        "trade_id": f"t{number - number % 7 // 6}",
    }
    if number % 3:
        add(OBSERVATIONS, regime=source.choice(regimes), pnl=f"{source.gauss(0.1, 0.5):.4f}", confidence="0.7")
    if number % 3 == 0:
        add(PORTFOLIO, pnl=f"{source.gauss(0.1, 0.5):.4f}")
    if number % 11 == 0:
        add(TRADES, market_regime="BULL", realized_pnl="nan")
    add(TRADES, **(trade if number % 5 == 0 else {**trade, "market_regime": source.choice(regimes)}))
