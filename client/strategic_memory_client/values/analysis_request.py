"""What an analysis is asked for: under which settings, and over which observations in place of the stored ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import Rules
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class PolicyRule(Unchanging):
    """One row of a policy table. A preferred regime that no row matches gets CONSERVATIVE."""

    policy: Policy
    """The policy that the row gives."""
    regime: str = ""
    """Regime the row is for; empty: any."""
    win_rate_above: float | None = None
    """The win rate must be above this, 0 to 1. None: any win rate."""
    avg_pnl_above: float | None = None
    """The mean pnl must be above this, in the unit of the inputs. None: any mean pnl."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings(Unchanging):
    """How evidence is weighed, and how much of it is needed. What is None is as the service is configured."""

    half_life_trades: float | None = None
    """Trades of a regime after which an earlier one of it counts half, 1 to 1,000,000,000."""
    required_probability: float | None = None
    """Probability of beating CONSERVATIVE at which another policy is recommended, at least 0.5 and below 1."""
    minimum_trades: float | None = None
    """Weight of the trades that a policy needs in the regime before it is recommended, 0 to 1,000,000."""
    risk_aversion: float | None = None
    """What a unit of variance costs, relative to the spread of pnl, 0 to 1,000."""
    change: bool | None = None
    """Whether to look for change: means rest on what a regime earned since it probably last changed."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings(Unchanging):
    """Settings of one analysis. What is None or empty is as the service is configured."""

    regime_window: int | None = None
    """Newest regime observations to use, 1 to 1,000,000."""
    portfolio_window: int | None = None
    """Newest portfolio entries to use, 1 to 1,000,000."""
    trade_window: int | None = None
    """Newest trade results to use, 1 to 1,000,000."""
    minimum_samples: int | None = None
    """Entries needed in all before there is a feedback, at least 1."""
    minimum_policy_trades: int | None = None
    """Trades a policy needs in a regime before it can be the best one, at least 1."""
    policy_rules: tuple[PolicyRule, ...] = ()
    """Rules that choose the policy, first match first."""
    rules: Rules | None = None
    """Rules to be in charge of the feedback."""
    as_of: datetime | None = None
    """Answer as of this moment (aware): later entries do not count, and the stored values beside the streams are left
    out, since they have no history. None: now."""
    max_age: timedelta | None = None
    """Leave out entries that are older than this before `as_of`, or before now; at least a millisecond. None: however
    old."""
    evidence: EvidenceSettings | None = None
    """How evidence is weighed."""
    past_revisions: int | None = None
    """Ask for `past_advice`: newest revisions of the feedback log to judge by the trades of the window, up to 10,000.
    None or 0: none."""
    hysteresis_results: int | None = None
    """Trade results through which more risk has to be asked for before it is followed, 0 to the length of the trade
    window; 0: none are counted. It counts for the stored memory as it is now, after what is in force."""
    hysteresis_seconds: float | None = None
    """The same in seconds, 0 to 604,800; 0: time does not count. Of the two, whichever passes first."""


Time: TypeAlias = datetime | int | str
"""A time in a column: an aware datetime, ISO 8601 (UTC without a zone), or a whole number since 1970-01-01 UTC.

Whole numbers of a column are in one unit, which their size tells: milliseconds, unless all are times from 1990 to 2100
as seconds, microseconds or nanoseconds. A column of datetime64, with a zone or in UTC, is taken whatever its unit."""


@dataclass(frozen=True, slots=True)
class RegimeColumns:
    """Regime observations by column, oldest first. A column is empty or as long as `regime`.

    Columns of all tables are lists, arrays of numpy or pyarrow, or series of pandas or polars. What they have in place
    of a value that is not known (None, NaN, NA, NaT) is not known here either, wherever a column may have such values.
    """

    regime: Iterable[str] = ()
    """Regime names; compared upper-cased and stripped."""
    pnl: Iterable[float | None] = ()
    """Pnl of each observation, in one unit throughout; None or NaN: it tells the regime and counts in no figure."""
    volatility: Iterable[float | None] = ()
    """Volatility of each observation; None or NaN: not known."""
    trend: Iterable[float | None] = ()
    """Trend of each observation; None or NaN: not known."""
    confidence: Iterable[float | None] = ()
    """The detector's confidence, 0 to 1; None or NaN: not known."""
    time_ms: Iterable[Time] = ()
    """When, never decreasing; see `Time`. Empty: the order alone is known."""


@dataclass(frozen=True, slots=True)
class PortfolioColumns:
    """Portfolio entries by column, oldest first. A column is empty or as long as `pnl`."""

    regime: Iterable[str | None] = ()
    """Regime names; None or empty: the regime observed by its opening, or by its close where that is not known."""
    pnl: Iterable[float] = ()
    """Pnl of each entry. Required."""
    time_ms: Iterable[Time] = ()
    """When it was known, never decreasing; see `Time`. Empty: no regime can be inferred."""
    opened_at: Iterable[Time | None] = ()
    """When it was opened; see `Time`. None: not known."""


@dataclass(frozen=True, slots=True)
class TradeColumns:
    """Trade results by column, oldest first. A column is empty or as long as `realized_pnl`."""

    market_regime: Iterable[str | None] = ()
    """Regime the trade was opened in; None or empty: the one observed by its opening, or by its close without one."""
    realized_pnl: Iterable[float] = ()
    """Realised pnl of each trade. Required."""
    policy: Iterable[str | None] = ()
    """Policy in force, a `Policy` or its name; None or empty: not known."""
    strategy: Iterable[str | None] = ()
    """Name of the strategy that traded; None or empty: not known."""
    time_ms: Iterable[Time] = ()
    """When it was closed, never decreasing; see `Time`. Empty: no regime can be inferred."""
    opened_at: Iterable[Time | None] = ()
    """When it was opened; see `Time`. None: not known."""


@dataclass(frozen=True, slots=True)
class InlineMemory:
    """Observations to analyse instead of the stored memory."""

    regime_observations: RegimeColumns = field(default_factory=RegimeColumns)
    """What the regime detector saw."""
    portfolio_entries: PortfolioColumns = field(default_factory=PortfolioColumns)
    """What the portfolio earned."""
    trade_results: TradeColumns = field(default_factory=TradeColumns)
    """How trades ended."""
    max_leverage_hint: float | None = None
    """Upper bound on leverage. None: no bound."""
