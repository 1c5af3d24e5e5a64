"""What a memory says, or would say under given settings: the same parts as the sync loop, and nothing published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Times, warming_up
from strategic_memory_server.advice.guarded_advice import guarded
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import Moment
from strategic_memory_server.advice.other_policies import advice_by_policy
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import StrategicMemory, TradeWindow
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.deep_analysis import DeepAnalysis, analyze_deeply

MAX_PAST_REVISIONS = 10_000


@dataclass(frozen=True, slots=True)
class AnalysisOrder:
    """Under which settings to analyse.

    Attributes:
        advice: upon what to advise.
        policy_table: which policy the reference rules advise; the first row that matches wins.
        as_of_ms: the moment to analyse as of, milliseconds since 1970-01-01 UTC; None: now.
        max_age_ms: how old an entry may be then, milliseconds; None: however old.
        past_revisions: newest revisions of the feedback log to judge by what then happened; 0: none.
    """

    advice: AdviceSettings
    policy_table: Sequence[Row[Policy]] = reference_rules.POLICY_TABLE
    as_of_ms: int | None = None
    max_age_ms: int | None = None
    past_revisions: int = 0

    @property
    def is_of_now(self) -> bool:
        """Whether it is asked for the memory as it is now, all of it."""
        return self.as_of_ms is None and self.max_age_ms is None

    def span(self, now_ms: int) -> TimeSpan:
        """Say which entries count."""
        end_ms = now_ms if self.as_of_ms is None else self.as_of_ms
        return TimeSpan(None if self.max_age_ms is None else end_ms - self.max_age_ms, self.as_of_ms)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """An analysis, the feedback that follows from it, and the figures beside it."""

    analysis: Analysis
    feedback: Feedback
    deep: DeepAnalysis


def analyze_memory(
    memory: StrategicMemory,
    order: AnalysisOrder,
    now_ms: int,
    sums: EvidenceSums | None = None,
    exploration: Exploration | None = None,
    in_force: Advice | None = None,
    group: Group | None = None,
    checkpoint: Checkpoint = go_on,
) -> WhatIf:
    """Analyse a memory and advise upon it.

    Args:
        memory: the windows.
        order: under which settings.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
        sums: the sums of all trades so far; None: the trades in the window are all there are.
        exploration: what the service is trying; None: that has no meaning for this memory, so nothing is explored.
        in_force: what the service says now; None: that has no meaning for this memory, so no added risk waits.
        group: the other portfolios from which the service borrows; None: that has no meaning for this memory.
        checkpoint: called now and then.
    """
    settings = order.advice
    analysis = PatternAnalyzer(settings.minimum_policy_trades).analyze(memory, checkpoint)
    checkpoint()
    advice = ReinforcementFeedback(settings.minimum_samples, order.policy_table).recommend(analysis)
    known = sums
    if known is None:
        known = sums_of_trades(memory.trades, memory.regime_names, settings.evidence, settings.max_regimes, checkpoint)
    if isinstance(advice, NoAdvice):
        feedback = warming_up(
            reference_rules.VERSION,
            advice.reason,
            current_regime=advice.current_regime,
            leverage_caps=analysis.leverage_caps,
        )
    else:
        explores = settings.evidence.explore and exploration is not None
        evidence = EvidenceFeedback(replace(settings.evidence, explore=explores))
        completed = evidence.complete(
            advice, analysis, known, settings.rules, exploration or NOTHING_TRIED, group=group
        )
        advice = completed.advice
        if in_force is not None and in_force.guard is not None:
            advice = guarded(advice, in_force.guard)
        if in_force is not None:
            by_policy = advice_by_policy(completed.estimates, by_source(analysis.leverage_caps))
            moment = Moment(now_ms, memory.trades.time_ms)
            advice = hold(advice, by_policy, in_force, settings.hysteresis, moment).advice
        times = Times(computed_at_ms=now_ms, data_as_of_ms=analysis.data_as_of_ms)
        feedback = Feedback(advice, FeedbackStatus.ACTIVE, times=times)
    guard = None if in_force is None else in_force.guard
    deep = analyze_deeply(memory, analysis, known, settings.evidence, now_ms, group, checkpoint, guard=guard)
    return WhatIf(analysis, feedback, deep)


def sums_of_trades(
    trades: TradeWindow,
    regime_names: Sequence[str],
    evidence: EvidenceSettings,
    max_regimes: int = MAX_REGIMES,
    checkpoint: Checkpoint = go_on,
) -> EvidenceSums:
    """Sum trades; those without a policy are no evidence about any."""
    usable = trades.policy >= 0
    columns = trades.regime[usable], trades.policy[usable], trades.pnl[usable]
    nothing = nothing_summed(evidence.decay, change=evidence.change)
    return with_observations(nothing, regime_names, *columns, max_regimes, checkpoint)
