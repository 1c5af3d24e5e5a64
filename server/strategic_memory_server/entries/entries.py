"""The three kinds of stream entry, read from their fields into values.

Every documented number is checked, also the ones that no rule uses yet: an entry that is wrong in one place is not
trusted in another. Fields that the contract does not name are ignored. `known_ms` are the milliseconds of the id.
"""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.entries.entry_fields import (
    Fields,
    optional_name,
    optional_number,
    optional_regime,
    policy_of,
    required_number,
    required_regime,
)
from strategic_memory_server.entries.openings import OPENING_NOT_GIVEN, opened_ms_of
from strategic_memory_server.entries.trade_ids import trade_id_of
from strategic_memory_server.memory.policy import NO_POLICY

PORTFOLIO_NUMBERS = ("total_pnl", "leverage", "confidence", "volatility", "position_size")
"""What an entry of the portfolio may say beside its pnl."""


@dataclass(frozen=True, slots=True)
class RegimeObservation:
    """What the regime detector saw; an absent number is NaN. Without a pnl it tells the regime, and no more."""

    regime: str
    pnl: float
    volatility: float
    trend: float
    confidence: float


@dataclass(frozen=True, slots=True)
class PortfolioEntry:
    """What the portfolio earned; an empty regime was not given."""

    regime: str
    pnl: float
    opened_ms: int = OPENING_NOT_GIVEN


@dataclass(frozen=True, slots=True)
class TradeResult:
    """How a trade ended; an empty text was not given, a policy that is absent or none of ours is -1."""

    regime: str
    pnl: float
    policy: int
    strategy: str
    policy_unrecognised: bool = False
    trade_id: str = ""
    opened_ms: int = OPENING_NOT_GIVEN


def read_regime_observation(fields: Fields, _known_ms: int = 0) -> RegimeObservation:
    """Read an entry of `stream:meta.regime`."""
    return RegimeObservation(
        regime=required_regime(fields, "regime"),
        pnl=optional_number(fields, "pnl"),
        volatility=optional_number(fields, "volatility"),
        trend=optional_number(fields, "trend"),
        confidence=optional_number(fields, "confidence"),
    )


def read_portfolio_entry(fields: Fields, known_ms: int = 0) -> PortfolioEntry:
    """Read an entry of `stream:portfolio.memory`."""
    for field in PORTFOLIO_NUMBERS:
        optional_number(fields, field)
    return PortfolioEntry(
        regime=optional_regime(fields, "regime"),
        pnl=required_number(fields, "pnl"),
        opened_ms=opened_ms_of(fields, known_ms),
    )


def read_trade_result(fields: Fields, known_ms: int = 0) -> TradeResult:
    """Read an entry of `stream:trade.results`.

    A policy that is none of the three leaves the trade without one: what it earned in its regime still counts.
    """
    named = optional_name(fields, "policy")
    policy = policy_of(named)
    return TradeResult(
        regime=optional_regime(fields, "market_regime"),
        pnl=required_number(fields, "realized_pnl"),
        policy=NO_POLICY if policy is None else int(policy),
        strategy=optional_name(fields, "strategy"),
        policy_unrecognised=bool(named) and policy is None,
        trade_id=trade_id_of(fields),
        opened_ms=opened_ms_of(fields, known_ms),
    )
