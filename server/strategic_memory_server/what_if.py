"""What a memory says, or would say under given settings: the same parts as the sync loop, and nothing published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from strategic_memory_server.analysis import Analysis
from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.evidence_feedback import EvidenceFeedback
from strategic_memory_server.feedback import Feedback, FeedbackStatus, Rules, Times, warming_up
from strategic_memory_server.memory import StrategicMemory
from strategic_memory_server.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.policy import Policy
from strategic_memory_server.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.rules import reference_rules
from strategic_memory_server.rules.rule_table import Row
from strategic_memory_server.settings import WindowSettings


@dataclass(frozen=True, slots=True)
class AnalysisOrder:
    """Under which settings to analyse; see `SyncSettings` for their meaning."""

    windows: WindowSettings
    minimum_samples: int
    minimum_policy_trades: int
    policy_table: Sequence[Row[Policy]]
    rules: Rules = Rules.REFERENCE
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """An analysis, and the feedback that follows from it."""

    analysis: Analysis
    feedback: Feedback


def analyze_memory(
    memory: StrategicMemory, order: AnalysisOrder, now_ms: int, sums: EvidenceSums | None = None
) -> WhatIf:
    """Analyse a memory and advise upon it.

    Args:
        memory: the windows.
        order: under which settings.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
        sums: the sums of all trades so far; None: the trades in the window are all there are.
    """
    analysis = PatternAnalyzer(order.minimum_policy_trades).analyze(memory)
    advice = ReinforcementFeedback(order.minimum_samples, order.policy_table).recommend(analysis)
    if isinstance(advice, NoAdvice):
        feedback = warming_up(reference_rules.VERSION, advice.reason, current_regime=advice.current_regime)
    else:
        evidence = EvidenceFeedback(order.evidence)
        known = sums_of_window(memory, order.evidence) if sums is None else sums
        advice = evidence.complete(advice, analysis, known, order.rules)
        times = Times(computed_at_ms=now_ms, data_as_of_ms=analysis.data_as_of_ms)
        feedback = Feedback(advice, FeedbackStatus.ACTIVE, times=times)
    return WhatIf(analysis, feedback)


def sums_of_window(memory: StrategicMemory, settings: EvidenceSettings) -> EvidenceSums:
    """Sum the trades of a window; those without a policy are no evidence about any."""
    trades, names = memory.trades, memory.regime_names
    usable = trades.policy >= 0
    regimes = [names[code] for code in trades.regime[usable].tolist()]
    return batch(settings.decay, regimes, trades.policy[usable], trades.pnl[usable])
