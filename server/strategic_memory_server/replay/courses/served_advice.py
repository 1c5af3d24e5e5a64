"""What a client would have held over a record: the service's own feedback, worked out at each decision point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Times, warming_up
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.evidence.exploration import NOTHING_TRIED
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.replay.courses.course import TOLD_EVERY, decision_points
from strategic_memory_server.replay.courses.rolling_memory import RollingMemory
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Progress, Record


class Served(NamedTuple):
    """A feedback, and the time of the newest entry that it rests on: whoever asked later held it.

    Attributes:
        known_at_ms: that time, milliseconds since 1970-01-01 UTC; what happens at this time is known, so it is held
            after it and not at it.
        feedback: what was served; its revision counts the advice that differed from the one before, from 1.
    """

    known_at_ms: int
    feedback: Feedback


def served_advice(record: Record, settings: AdviceSettings, every: int, progress: Progress) -> Iterator[Served]:
    """Yield what the service would have served, oldest first: at each decision point but the first, and at the end.

    At the first nothing is known. Neither caps on leverage nor governance are: a record has none.

    Args:
        record: what happened.
        settings: upon what to advise, and by which rules.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
    """
    times, service = record.entries.time_ms, _Service(record, settings)
    held: Advice | None = None
    revision = 0
    for number, place in enumerate([*decision_points(times, every).tolist()[1:], len(record)]):
        feedback = service.feedback_before(place)
        if feedback.status is FeedbackStatus.ACTIVE and feedback.advice != held:
            held, revision = feedback.advice, revision + 1
        yield Served(int(times[place - 1]), replace(feedback, revision=revision))
        if number % TOLD_EVERY == 0:
            progress(place / len(record))
    progress(1.0)


class _Service:
    """The service's own parts, brought forward over a record."""

    def __init__(self, record: Record, settings: AdviceSettings) -> None:
        entries = record.entries
        self._record, self._settings = record, settings
        self._memory = RollingMemory(record, settings.windows)
        self._analyzer = PatternAnalyzer(settings.minimum_policy_trades)
        self._reference = ReinforcementFeedback(settings.minimum_samples)
        self._evidence, self._exploration = EvidenceFeedback(settings.evidence), NOTHING_TRIED
        self._trades = np.flatnonzero((entries.kind == Kind.TRADE) & (entries.policy >= 0))
        self._taken = 0
        self._sums = EvidenceSums(settings.evidence.decay)

    def feedback_before(self, place: int) -> Feedback:
        """Return what is served upon the entries before a place of the record, after the last one asked for."""
        self._memory.move_to(place)
        self._add_trades(int(np.searchsorted(self._trades, place)))
        analysis = self._analyzer.analyze(self._memory.memory())
        advice = self._reference.recommend(analysis)
        if isinstance(advice, NoAdvice):
            return warming_up(reference_rules.VERSION, advice.reason, current_regime=advice.current_regime)
        completed = self._evidence.complete(advice, analysis, self._sums, self._settings.rules, self._exploration)
        self._exploration = completed.exploration
        times = Times(data_as_of_ms=analysis.data_as_of_ms)
        return Feedback(completed.advice, FeedbackStatus.ACTIVE, times=times)

    def _add_trades(self, end: int) -> None:
        trades, self._taken = self._trades[self._taken : end], end
        if trades.size:
            entries, names = self._record.entries, self._record.regime_names
            regime, policy = (column[trades].astype(np.int64) for column in (entries.regime, entries.policy))
            most = self._settings.max_regimes
            self._sums = with_observations(self._sums, names, regime, policy, entries.pnl[trades], most)
