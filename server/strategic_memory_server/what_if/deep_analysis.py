"""The figures beside the advice, worked out from one memory: for whoever asks for an analysis, never in a sync.

Pure. Regimes are numbered by name here, so that the figures do not depend on how the memory came to number them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.guarded_advice import regime_under_guard
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.evidence.estimator import Belief
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.evidence.view import EvidenceView, view_of
from strategic_memory_server.figures.breakdown import MAX_REGIMES, GroupPerformance, breakdown
from strategic_memory_server.figures.correlation import Correlation, correlations
from strategic_memory_server.figures.dwell import Dwell, dwell
from strategic_memory_server.figures.stationary import stationary_distribution
from strategic_memory_server.figures.transitions import Transitions, transitions
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.regime_details import RegimeDetails, regime_details

BUCKET_MS = 3_600_000
"""Buckets of time over which regimes are compared: one holds at a time, so they have to be longer than a regime."""

Groups = Mapping[tuple[str, Policy | None], GroupPerformance]


@dataclass(frozen=True, slots=True)
class RegimeDynamics:
    """How regimes follow each other and how long they last.

    Attributes:
        regimes: names, in the order of the rest.
        found: counts and probabilities.
        stationary: share of each regime in the long run; None where not defined.
        dwells: how long each lasts.
    """

    regimes: tuple[str, ...]
    found: Transitions
    stationary: tuple[float, ...] | None
    dwells: tuple[Dwell, ...]


@dataclass(frozen=True, slots=True)
class Correlations:
    """Whether regimes, and policies, earn at the same times.

    Attributes:
        names: names of the regimes by their codes.
        regimes: every two regimes, over buckets of `BUCKET_MS`.
        policies: every two policies, at the very same times.
    """

    names: tuple[str, ...]
    regimes: tuple[Correlation, ...]
    policies: tuple[Correlation, ...]


@dataclass(frozen=True, slots=True)
class DeepAnalysis:
    """The figures of one memory.

    Attributes:
        groups: figures of the trades by regime and policy; by None for all trades of the regime.
        dynamics: how regimes follow each other; None without an observation, or with too many regimes.
        correlations: whether they earn at the same times; None where times are not known.
        evidence: what all trades so far say, by regime.
        details: runs and transitions of regimes, and figures by strategy.
    """

    groups: Groups
    dynamics: RegimeDynamics | None
    correlations: Correlations | None
    evidence: Mapping[str, EvidenceView]
    details: RegimeDetails


def analyze_deeply(
    memory: StrategicMemory,
    analysis: Analysis,
    sums: EvidenceSums,
    settings: EvidenceSettings,
    now_ms: int,
    group: Group | None = None,
    checkpoint: Checkpoint = go_on,
    *,
    guard: GuardReading | None = None,
) -> DeepAnalysis:
    """Work out the figures of a memory.

    Args:
        memory: the windows.
        analysis: what was worked out from them.
        sums: the sums of all trades so far, for the evidence.
        settings: how the evidence is weighed.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
        group: the other portfolios from which the evidence borrows; None: there are none.
        checkpoint: called now and then.
        guard: how the drawdown guard stands, which lowers what the evidence bears; None: there is none.
    """
    checkpoint()
    names, codes = _by_name(memory.regime_names)
    trades = memory.trades
    regime = codes[trades.regime]
    time_ms = trades.time_ms if memory.timed else None
    found = breakdown(
        trades.pnl,
        regime,
        trades.policy,
        time_ms=time_ms,
        now_ms=now_ms,
        weights=_weights(regime, trades.policy, settings.decay),
        checkpoint=checkpoint,
    )
    return DeepAnalysis(
        groups={(names[group.regime], _policy(group.policy)): group for group in found.groups},
        dynamics=_dynamics(memory, names, codes),
        correlations=None
        if time_ms is None
        else Correlations(
            names,
            correlations(trades.pnl, regime, time_ms, bucket_ms=BUCKET_MS, checkpoint=checkpoint),
            correlations(trades.pnl, trades.policy, time_ms, checkpoint=checkpoint),
        ),
        evidence={
            regime: regime_under_guard(view, guard)
            for regime, view in _evidence(analysis, sums, settings, group).items()
        },
        details=regime_details(memory, checkpoint),
    )


def _by_name(regime_names: tuple[str, ...]) -> tuple[tuple[str, ...], IndexColumn]:
    """Return the names in their order, and the place in it of each code of the memory."""
    order = sorted(range(len(regime_names)), key=regime_names.__getitem__)
    codes = np.empty(len(order), dtype=np.int64)
    codes[order] = np.arange(len(order))
    return tuple(regime_names[code] for code in order), codes


def _policy(code: int | None) -> Policy | None:
    return None if code is None else Policy(code)


def _weights(regime: IndexColumn, policy: IndexColumn, decay: float) -> FloatColumn:
    """Weigh each trade by the number of later trades of its regime that name a policy, as the evidence does."""
    weights = np.empty(regime.size)
    for members in distinct(regime).members():
        named = (policy[members] >= 0).cumsum()
        weights[members] = np.power(decay, named[-1] - named)
    return weights


def _dynamics(memory: StrategicMemory, names: tuple[str, ...], codes: IndexColumn) -> RegimeDynamics | None:
    regime = codes[memory.regimes.regime]
    found = transitions(regime) if regime.size else None
    if found is None:
        return None
    return RegimeDynamics(
        regimes=tuple(names[code] for code in found.regimes),
        found=found,
        stationary=stationary_distribution(found),
        dwells=dwell(regime, found, memory.regimes.time_ms if memory.timed else None),
    )


def _evidence(
    analysis: Analysis, sums: EvidenceSums, settings: EvidenceSettings, group: Group | None
) -> Mapping[str, EvidenceView]:
    if not sums.observations:
        return {}
    ranked = sorted(analysis.known_regimes, key=lambda figures: (-figures.sample_count, figures.regime))
    asked = [figures.regime for figures in ranked[:MAX_REGIMES]]
    if not asked:
        return {}
    belief = Belief(sums, settings, group.others if group else ())
    found = belief.estimate(asked, by_source(analysis.leverage_caps))
    return {each.regime: view_of(each, sums.observations) for each in found.regimes}
