"""What the reference rules have advised over a record: the service's own windows, analysis and rules."""

from __future__ import annotations

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.reinforcement_feedback import (
    NoAdvice,
    ReinforcementFeedback,
    confidence_boost,
)
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.course import Advised, Course, decisions_of
from strategic_memory_server.replay.courses.rolling_memory import RollingMemory
from strategic_memory_server.replay.record.record import Progress, Record

_NO_ADVICE = Advised(policy=Policy.CONSERVATIVE, advised=False, confidence=0.0, regime=-1)


class ReferenceRules:
    """The reference rules over the windows of the service.

    Args:
        record: what they are brought forward over.
        settings: windows, least numbers of samples, and how many regimes are kept apart.
    """

    def __init__(self, record: Record, settings: AdviceSettings) -> None:
        self._memory = RollingMemory(record, settings)
        self._analyzer = PatternAnalyzer(settings.minimum_policy_trades)
        self._rules = ReinforcementFeedback(settings.minimum_samples)
        self._codes = {name: code for code, name in enumerate(record.regime_names)}

    def move_to(self, place: int) -> None:
        """Take in the entries before a place of the record."""
        self._memory.move_to(place)

    def advise(self) -> tuple[Advised]:
        """Advise from the windows as they stand."""
        preferred = self._rules.preferred(self._analyzer.analyze(self._memory.memory()))
        if isinstance(preferred, NoAdvice):
            return (_NO_ADVICE,)
        best, policy = preferred
        return (Advised(int(policy.outcome), True, confidence_boost(best), self._codes[best.regime]),)


def reference_course(record: Record, settings: AdviceSettings, every: int, progress: Progress) -> Course:
    """Advise by the reference rules at each decision point, and after the last entry.

    Args:
        record: what happened.
        settings: windows, least numbers of samples, and how many regimes are kept apart.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    (decisions,) = decisions_of(record, ReferenceRules(record, settings), every, progress)
    return Course(every, decisions, has_probabilities=False)
