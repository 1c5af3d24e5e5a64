"""What an analysis answers: the figures of a memory, by regime, policy and strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from strategic_memory_client.values.figures import Correlations, Drift, Performance, RegimeDynamics
from strategic_memory_client.values.past_advice import PastAdvice
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import Evidence, Feedback
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class PolicyAnalysis(Unchanging):
    """Realised results of one policy in one regime."""

    policy: Policy | None
    """The policy. None: one that this library does not know."""
    trades: int
    """Trade results of that policy in the regime."""
    avg_pnl: float
    """Mean realised pnl, in the unit of the inputs."""
    win_rate: float | None
    """Winning trades / (winning + losing trades). None when nothing was won or lost."""
    performance: Performance | None = None
    """Figures of these trades. None beyond the 64 regimes with the most trades."""
    drift: Drift | None = None
    """The newest of them against those before. None together with `performance`."""


@dataclass(frozen=True, slots=True)
class StrategyAnalysis(Unchanging):
    """Realised results of one strategy in one regime."""

    strategy: str
    """Its name, as the trades give it."""
    trades: int
    """Trade results of that strategy in the regime."""
    avg_pnl: float
    """Mean realised pnl, in the unit of the inputs."""
    win_rate: float | None
    """Winning trades / (winning + losing trades). None when nothing was won or lost."""


@dataclass(frozen=True, slots=True)
class RegimeAnalysis(Unchanging):
    """Figures of one regime."""

    regime: str
    """Upper case; "UNKNOWN" for entries whose regime could not be found."""
    sample_count: int
    """Entries of the three windows that carry the regime."""
    total_pnl: float
    """Sum of their pnl, in the unit of the inputs."""
    avg_pnl: float
    """`total_pnl` / `sample_count`."""
    wins: int
    """Regime observations and trades with a positive pnl."""
    losses: int
    """Regime observations and trades with a negative pnl."""
    win_rate: float | None
    """`wins` / (`wins` + `losses`). None when nothing was won or lost."""
    confidence: float | None
    """Mean confidence of the regime observations. None without one."""
    best_policy: Policy | None
    """Policy with the highest mean realised pnl here. None: none has enough trades."""
    policies: tuple[PolicyAnalysis, ...]
    """Its trades by policy."""
    strategies: tuple[StrategyAnalysis, ...]
    """Its trades by strategy."""
    episodes: int
    """Unbroken runs of this regime among the regime observations."""
    mean_dwell_observations: float | None
    """Mean length in observations of such a run that has ended. None when none has."""
    mean_dwell_seconds: float | None
    """Mean time from the start of such a run to the next. None when none has ended, or without times."""
    performance: Performance | None = None
    """Figures of the trades in this regime. None without one, and beyond the 64 regimes with the most trades."""
    drift: Drift | None = None
    """The newest of these trades against those before. None together with `performance`."""
    evidence: Evidence | None = None
    """What all trades so far say about this regime. None before there is any, for "UNKNOWN", and beyond 64 regimes."""


@dataclass(frozen=True, slots=True)
class RegimeTransition(Unchanging):
    """How often one regime followed another between neighbouring regime observations."""

    from_regime: str
    """The regime of the earlier observation."""
    to_regime: str
    """The same one when it stayed."""
    count: int
    """How often."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source contributed, in entries."""

    source: str
    """Its key without the prefix, for example "stream:trade.results"."""
    accepted: int
    """Entries that were used."""
    rejected: Mapping[str, int]
    """Entries that were left out because they were malformed, by reason."""
    noted: Mapping[str, int]
    """Entries that were used although something about them was unusual, by reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """What other modules have written beside the streams. None: none given."""

    governance_policy: Policy | None
    """Policy that governance has in force."""
    governance_preferred_regime: str | None
    """Regime that governance prefers."""
    regime_stats: Mapping[str, object] | None
    """Regime statistics of governance, as they were written."""
    exposure_summary: Mapping[str, object] | None
    """Free form, as it was written."""
    leverage_limits: Mapping[str, object] | None
    """Free form, as it was written."""
    exit_statistics: Mapping[str, object] | None
    """Free form, as it was written."""
    max_leverage_hint: float | None
    """Upper bound on leverage taken from the limits, as a multiple of the base position."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was worked out from one memory."""

    regimes: tuple[RegimeAnalysis, ...]
    """Figures by regime, highest mean pnl first."""
    current_regime: str
    """The regime of the newest regime observation; "UNKNOWN" when there is none."""
    preferred_regime: str
    """The regime with the highest mean pnl; "UNKNOWN" when there is none."""
    transitions: tuple[RegimeTransition, ...]
    """How often each regime followed each, between neighbouring regime observations."""
    sources: tuple[SourceReport, ...]
    """What was read from each input, and what was rejected."""
    sample_count: int
    """Entries of the three windows that were used, all regimes together."""
    data_as_of: datetime | None
    """Time (aware, UTC) of the newest entry used. None when there is none."""
    context: Context | None
    """What other modules have written beside the streams. None: none given."""
    regime_dynamics: RegimeDynamics | None = None
    """How regimes follow each other. None without a regime observation, or with more than 256 regimes."""
    correlations: Correlations | None = None
    """Whether regimes, and policies, earn at the same times. None when times are not known."""
    past_advice: PastAdvice | None = None
    """What past advice was worth. None for observations of your own, where none was asked for, where Redis refuses to
    read the feedback log, and from a server that knows nothing of it."""


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Answer to an analysis."""

    analysis: Analysis
    """The figures."""
    feedback: Feedback
    """The feedback that follows from it; its revision is 0, since nothing is published."""
