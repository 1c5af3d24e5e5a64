"""A market that changes its regime, a detector that mostly sees it, and an account that trades in it.

The true regime is a Markov chain: it stays with probability 1 - 1/mean dwell, so that visits have a geometric
length. Each visit has a quality that scales what can be earned in it: there are good and poor bull markets.
The model knows no clock and no Redis; the same seed gives the same steps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from strategic_memory_demo.market_parameters import POLICIES, PROFILES, STRATEGIES, SYMBOLS

START_EQUITY = 100_000.0
"""What the account begins with, in dollars."""

_MOST_EQUITY = 10 * START_EQUITY
"""What it earns beyond is taken out of it: growing upon itself it would be more than the service takes within hours."""

_RECOGNISED = 0.94
_RECOGNISED_WHILE_NEW = 0.5
_NEW_STEPS = 2
_CONFIDENCE_WHEN_RIGHT = (9.0, 2.5)  # parameters of a beta distribution with mean 0.78
_CONFIDENCE_WHEN_WRONG = (4.0, 5.0)  # mean 0.44
_PORTFOLIO_SHARE = 0.6
_TRADE_SHARE = 0.5
_PORTFOLIO_REGIME_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Observation:
    """What the regime detector reports in a step."""

    regime: str
    pnl_pct: float
    volatility: float
    trend: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Position:
    """The position behind a portfolio entry whose producer does not know regimes."""

    symbol: str
    side: str
    leverage: float
    size: float
    exit_reason: str


@dataclass(frozen=True, slots=True)
class PortfolioReport:
    """What the account earned in a step. Exactly one of `regime` and `position` is given."""

    pnl_pct: float
    total_pnl: float
    regime: str | None
    position: Position | None


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade that ended in a step."""

    number: int
    policy: str
    strategy: str
    symbol: str
    regime: str
    realized_pnl_pct: float


@dataclass(frozen=True, slots=True)
class MarketStep:
    """One step of the model: what is true, and what its producers report about it."""

    number: int
    true_regime: str
    quality: float
    observation: Observation
    portfolio: PortfolioReport | None
    trade: Trade | None


class MarketModel:
    """The model; each `step` moves it on."""

    def __init__(self, seed: int) -> None:
        """Begin in a bull market; `seed` decides everything that follows."""
        self._random = random.Random(seed)  # noqa: S311  a reproducible market, not a secret
        self._steps = 0
        self._trades = 0
        self._equity = START_EQUITY
        self._regime = "BULL"
        self._previous = "RANGE"
        self._age = _NEW_STEPS
        self._quality = 1.2

    def step(self) -> MarketStep:
        """Move on by one step."""
        if self._steps:
            self._maybe_change_regime()
        self._steps += 1
        observation = self._observe()
        return MarketStep(
            number=self._steps,
            true_regime=self._regime,
            quality=self._quality,
            observation=observation,
            portfolio=self._report(observation),
            trade=self._close_trade(observation),
        )

    def _maybe_change_regime(self) -> None:
        self._age += 1
        profile = PROFILES[self._regime]
        if self._random.random() >= 1.0 / profile.mean_dwell_steps:
            return
        successors = list(profile.followed_by)
        self._previous = self._regime
        self._regime = self._random.choices(successors, list(profile.followed_by.values()))[0]
        self._age = 0
        self._quality = self._random.uniform(0.2, 1.6)

    def _observe(self) -> Observation:
        profile = PROFILES[self._regime]
        seen = self._detect()
        confidence = _CONFIDENCE_WHEN_RIGHT if seen == self._regime else _CONFIDENCE_WHEN_WRONG
        return Observation(
            regime=seen,
            pnl_pct=self._random.gauss(profile.drift_pct * self._quality, profile.spread_pct),
            volatility=profile.volatility * self._random.uniform(0.7, 1.4),
            trend=self._random.gauss(profile.trend, profile.volatility / 10),
            confidence=self._random.betavariate(*confidence),
        )

    def _detect(self) -> str:
        is_new = self._age < _NEW_STEPS
        if self._random.random() < (_RECOGNISED_WHILE_NEW if is_new else _RECOGNISED):
            return self._regime
        return self._previous if is_new else self._random.choice(PROFILES[self._regime].mistaken_for)

    def _report(self, observation: Observation) -> PortfolioReport | None:
        if self._random.random() >= _PORTFOLIO_SHARE:
            return None
        profile = PROFILES[self._regime]
        pnl_pct = self._random.gauss(profile.drift_pct * self._quality, profile.spread_pct)
        self._equity = min(self._equity * (1.0 + pnl_pct / 100.0), _MOST_EQUITY)
        knows_regime = self._random.random() < _PORTFOLIO_REGIME_SHARE
        return PortfolioReport(
            pnl_pct=pnl_pct,
            total_pnl=self._equity - START_EQUITY,
            regime=observation.regime if knows_regime else None,
            position=None if knows_regime else self._position(pnl_pct),
        )

    def _position(self, pnl_pct: float) -> Position:
        return Position(
            symbol=self._random.choice(SYMBOLS),
            side="SHORT" if self._regime == "BEAR" else "LONG",
            leverage=self._random.choice((1.0, 1.5, 2.0)),
            size=self._random.uniform(0.02, 0.10) * self._equity,
            exit_reason="take_profit" if pnl_pct > 0 else "stop_loss",
        )

    def _close_trade(self, observation: Observation) -> Trade | None:
        if self._random.random() >= _TRADE_SHARE:
            return None
        policy = POLICIES[self._trades % len(POLICIES)]
        self._trades += 1
        profile = PROFILES[self._regime]
        edge = profile.edge_pct[policy]
        return Trade(
            number=self._trades,
            policy=policy,
            strategy=STRATEGIES[policy],
            symbol=self._random.choice(SYMBOLS),
            regime=observation.regime,
            realized_pnl_pct=self._random.gauss(edge * self._quality, profile.spread_pct),
        )
