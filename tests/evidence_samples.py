"""Made-up trades for tests of the evidence estimator, and strategies that make them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from strategic_memory_server.evidence.sums import EvidenceSums, updated

REGIMES = ("BEAR", "BULL", "RANGE", "VOLATILE")


@dataclass(frozen=True, slots=True)
class Trade:
    """One observation."""

    regime: str
    policy: int
    pnl: float


TRADES = st.builds(
    Trade,
    st.sampled_from(REGIMES),
    st.integers(0, 2),
    st.floats(-1e6, 1e6).filter(lambda pnl: pnl == 0.0 or abs(pnl) > 1e-6),
)


def made_up_trades(seed: int, count: int, spreads: tuple[float, float, float] = (0.5, 1.0, 2.0)) -> list[Trade]:
    """Trades of all regimes and policies, unevenly many of each."""
    generator = np.random.default_rng(seed)
    regimes = generator.choice(4, size=count, p=(0.1, 0.5, 0.3, 0.1))
    policies = generator.choice(3, size=count, p=(0.6, 0.3, 0.1))
    means = generator.normal(0.0, 0.2, (4, 3))
    pnl = (means[regimes, policies] + generator.standard_normal(count)) * np.array(spreads)[policies]
    return [
        Trade(REGIMES[regime], policy, earned)
        for regime, policy, earned in zip(regimes.tolist(), policies.tolist(), pnl.tolist(), strict=True)
    ]


def one_by_one(trades: list[Trade], decay: float) -> EvidenceSums:
    """The sums of trades, updated one after the other."""
    sums = EvidenceSums(decay)
    for trade in trades:
        sums = updated(sums, trade.regime, trade.policy, trade.pnl)
    return sums
