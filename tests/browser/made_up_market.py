"""A seeded course of a market: regimes that last, and trades that pay by regime and policy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import redis
from redis_inputs import add_portfolio, add_regime, add_trade

PAYS = {"BULL": 0.25, "RANGE": 0.08, "BEAR": -0.15, "VOLATILE": -0.05}
BOLDNESS = {"CONSERVATIVE": 0.5, "BALANCED": 1.0, "AGGRESSIVE": 1.6}


def made_up_past(client: redis.Redis, steps: int, seed: int = 7) -> Iterator[Callable[[], None]]:
    """Yield what to write, one step after the other."""
    draw, regime = random.Random(seed), "BULL"
    for _ in range(steps):
        regime = draw.choice(list(PAYS)) if draw.random() < 0.15 else regime
        policy, pnl = draw.choice(list(BOLDNESS)), draw.gauss(PAYS[regime], 0.2)

        def write(regime: str = regime, policy: str = policy, pnl: float = pnl) -> None:
            add_regime(client, regime, round(pnl, 4), confidence=0.8)
            add_portfolio(client, round(pnl, 4), regime=regime)
            add_trade(client, regime, round(pnl * BOLDNESS[policy], 4), policy=policy)

        yield write
