"""Figures that an analysis gives beside the advice. None: not defined; a 0 was measured. "pnl" is the inputs' unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.unchanging import Unchanging


class IntervalMethod(StrEnum):
    """How the interval of a mean was worked out."""

    STUDENT_T = "STUDENT_T"
    BLOCK_BOOTSTRAP = "BLOCK_BOOTSTRAP"


@dataclass(frozen=True, slots=True)
class Interval(Unchanging):
    """An interval of 95 %, in the unit of what it encloses."""

    low: float
    """Its lower end."""
    high: float
    """Its upper end."""


@dataclass(frozen=True, slots=True)
class Drawdown(Unchanging):
    """The deepest fall of the cumulative pnl of some trades below its highest value before; it starts at 0."""

    depth: float
    """From peak to trough, pnl, at least 0."""
    fall_trades: int
    """Trades from the peak to the trough."""
    fall_ms: int | None
    """The same in milliseconds. None when times are not known."""
    length_trades: int
    """Trades from the peak until it was reached again, or to the newest trade."""
    length_ms: int | None
    """The same in milliseconds. None when times are not known."""
    recovered: bool
    """Whether the cumulative pnl has come back to the peak."""


@dataclass(frozen=True, slots=True)
class Performance(Unchanging):
    """Figures of a group of trades."""

    trades: int
    """Number of trades."""
    effective_trades: float | None
    """Equally weighted trades that would say as much: older ones weigh less, as in the evidence."""
    newest_age_ms: int | None
    """Age of the newest trade in milliseconds. None when times are not known."""
    wins: int
    """Trades with a positive pnl."""
    losses: int
    """Trades with a negative pnl."""
    break_even: int
    """Trades with a pnl of exactly 0, which count neither way."""
    win_rate: float | None
    """`wins` / (`wins` + `losses`), 0 to 1. None when nothing was won or lost."""
    win_rate_interval: Interval | None
    """Interval of Wilson of the win rate. None together with it."""
    mean_pnl: float | None
    """Mean pnl of a trade."""
    mean_pnl_interval: Interval | None
    """Interval of that mean, pnl. None below two trades, or where all earned the same."""
    mean_pnl_method: IntervalMethod | None
    """How that interval was worked out. None: there is none, or by a way that this library does not know."""
    mean_pnl_block_trades: int | None
    """Trades of a block of the bootstrap. None for another method."""
    gross_profit: float | None
    """Sum of the wins, pnl."""
    gross_loss: float | None
    """Sum of the losses without their sign, pnl."""
    profit_factor: float | None
    """`gross_profit` / `gross_loss`. None without a loss."""
    payoff_ratio: float | None
    """Mean win / mean loss. None without a win or without a loss."""
    expectancy: float | None
    """Mean pnl of the trades that did not break even. None when nothing was won or lost."""
    expectancy_ratio: float | None
    """`expectancy` / mean loss. None without a loss."""
    sharpe_ratio: float | None
    """Mean pnl / standard deviation, by trade. None below two trades, or where all earned the same."""
    sharpe_standard_error: float | None
    """Standard error of the Sharpe ratio for independent trades. None below four trades, or together with it."""
    sortino_ratio: float | None
    """Mean pnl / downside deviation, target 0, by trade. None without a loss."""
    drawdown: Drawdown | None
    """The deepest fall of the cumulative pnl."""
    skewness: float | None
    """Third standardised moment. None below three trades, or where all earned the same."""
    kurtosis: float | None
    """Fourth standardised moment, 3 for a normal distribution. None below four trades, or where all earned the same."""
    value_at_risk: float | None
    """Loss that 95 % of the trades did not exceed, pnl; negative where even that is a gain. None below 20 trades."""
    conditional_value_at_risk: float | None
    """Mean loss of the worst 5 % of the trades, pnl. None below 20 trades."""
    autocorrelation: float | None
    """Autocorrelation with the trade before, -1 to 1. None below three trades, or where all earned the same."""
    autocorrelation_significant: bool
    """Whether it is too far from 0 for independent trades, at the 5 % level; never below 20 trades."""
    longest_losing_run: int | None
    """Most losing trades in a row."""


@dataclass(frozen=True, slots=True)
class Drift(Unchanging):
    """The newest 50 trades of a group against those before them."""

    recent_trades: float
    """How many are recent."""
    memory_trades: float
    """How many came before."""
    difference: float | None
    """Mean of the recent less mean of the others, pnl. None where either has no trade."""
    standard_error: float | None
    """Standard error of the difference, pnl. None below two trades on either side, or without any spread."""
    statistic: float | None
    """Welch's t, in standard errors: beyond 2 in size it is hardly chance. None together with the standard error."""
    degrees: float | None
    """Degrees of freedom of the statistic. None together with it."""


@dataclass(frozen=True, slots=True)
class RegimeCourse(Unchanging):
    """What follows one regime, and how long it lasts. A run is unbroken; one that has not ended counts nowhere."""

    regime: str
    """Its name, upper case."""
    next_probabilities: tuple[float, ...]
    """Smoothed probabilities of the regime of the next observation, in the order of `RegimeDynamics.regimes`."""
    stationary_share: float | None
    """Share of the observations in the long run, 0 to 1. None where the steps seen do not connect all regimes."""
    ended_runs: int
    """Runs that another regime has ended."""
    mean_dwell_observations: float | None
    """Their mean length in observations. None without one."""
    longest_dwell_observations: int | None
    """Length of the longest of them in observations. None without one."""
    mean_dwell_ms: float | None
    """Mean time from the start of such a run to the start of the next, milliseconds. None without one, or times."""
    expected_dwell_observations: float | None
    """Mean length in observations under the probabilities. None where the regime never ends under them."""
    expected_dwell_ms: float | None
    """The same in milliseconds. None together with it, without a step from the regime, or without times."""


@dataclass(frozen=True, slots=True)
class RegimeDynamics(Unchanging):
    """How regimes follow each other and how long they last, from the regime observations."""

    regimes: tuple[RegimeCourse, ...]
    """The regimes that were observed, by name."""
    prior_transitions: float
    """Transitions of each kind that were added to those seen, for the probabilities."""


@dataclass(frozen=True, slots=True)
class RegimeCorrelation(Unchanging):
    """Two regimes compared."""

    first_regime: str
    """The one regime."""
    second_regime: str
    """The other regime."""
    common_buckets: int
    """Buckets of time that both have trades in."""
    coefficient: float | None
    """Pearson's correlation of their mean pnl there. None below 10 common buckets, or where either never changes."""
    interval: Interval | None
    """Fisher's interval of the coefficient. None together with it, or where it is 1 or -1."""


@dataclass(frozen=True, slots=True)
class PolicyCorrelation(Unchanging):
    """Two policies compared."""

    first_policy: Policy | None
    """The one policy. None: one that this library does not know."""
    second_policy: Policy | None
    """The other one. None: one that this library does not know."""
    common_times: int
    """Times at which both have trades."""
    coefficient: float | None
    """Pearson's correlation of their mean pnl there. None below 10 common times, or where either never changes."""
    interval: Interval | None
    """Fisher's interval of the coefficient. None together with it, or where it is 1 or -1."""


@dataclass(frozen=True, slots=True)
class Correlations(Unchanging):
    """Whether regimes, and policies, earn at the same times."""

    regimes: tuple[RegimeCorrelation, ...]
    """Every two regimes, compared over buckets of time."""
    policies: tuple[PolicyCorrelation, ...]
    """Every two policies, compared over trades with the very same time."""
    regime_bucket_ms: int
    """Length of a bucket in milliseconds, counted from 1970-01-01 UTC."""
