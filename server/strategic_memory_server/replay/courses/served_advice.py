"""What a client would have held over a record: the service's own feedback, worked out at each decision point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import ClosedTrades, GuardState
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Times, warming_up
from strategic_memory_server.advice.guarded_advice import advised_policy, guarded, said_ms
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import Moment
from strategic_memory_server.advice.other_policies import advice_by_policy
from strategic_memory_server.advice.probe import Completed
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.evidence.exploration import NOTHING_TRIED
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import nothing_summed
from strategic_memory_server.replay.courses.course import TOLD_EVERY, decision_points
from strategic_memory_server.replay.courses.rolling_memory import RollingMemory
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Progress, Record


class Served(NamedTuple):
    """A feedback, and the time of the newest entry that it rests on: whoever asked later held it.

    Attributes:
        known_at_ms: that time, milliseconds since 1970-01-01 UTC; what happens at this time is known, so it is held
            after it and not at it. Where risk that waits is followed since so much time has passed, when that was.
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
        until_ms = int(times[place]) if place < len(record) else int(times[place - 1])
        for known_at_ms, feedback in service.feedbacks_before(place, int(times[place - 1]), until_ms):
            if feedback.status is FeedbackStatus.ACTIVE and feedback.advice != held:
                held, revision = feedback.advice, revision + 1
            yield Served(known_at_ms, replace(feedback, revision=revision))
        if number % TOLD_EVERY == 0:
            progress(place / len(record))
    progress(1.0)


class _Service:
    """The service's own parts, brought forward over a record."""

    def __init__(self, record: Record, settings: AdviceSettings) -> None:
        entries = record.entries
        self._record, self._settings = record, settings
        self._memory = RollingMemory(record, settings)
        self._analyzer = PatternAnalyzer(settings.minimum_policy_trades)
        self._reference = ReinforcementFeedback(settings.minimum_samples)
        self._evidence, self._exploration = EvidenceFeedback(settings.evidence), NOTHING_TRIED
        self._trades = np.flatnonzero((entries.kind == Kind.TRADE) & (entries.policy >= 0))
        self._taken = 0
        self._held: Advice | None = None
        self._sums = nothing_summed(settings.evidence.decay, change=settings.evidence.change)
        self._guard = GuardState()

    def feedbacks_before(self, place: int, known_at_ms: int, until_ms: int) -> Iterator[tuple[int, Feedback]]:
        """Yield what is served upon the entries before a place of the record, after the last one asked for, and when.

        Args:
            place: the place.
            known_at_ms: when they are known, milliseconds since 1970-01-01 UTC.
            until_ms: when more is known; what waits for time alone is followed before that.
        """
        self._memory.move_to(place)
        self._add_trades(int(np.searchsorted(self._trades, place)), known_at_ms)
        memory = self._memory.memory()
        analysis = self._analyzer.analyze(memory)
        advice = self._reference.recommend(analysis)
        if isinstance(advice, NoAdvice):
            self._held = None if self._held is None else _withdrawn(self._held)
            nothing = warming_up(reference_rules.VERSION, advice.reason, current_regime=advice.current_regime)
            yield known_at_ms, nothing
            return
        completed = self._evidence.complete(advice, analysis, self._sums, self._settings.rules, self._exploration)
        self._exploration = completed.exploration
        if self._settings.leverage_guard:
            completed = replace(completed, advice=guarded(completed.advice, self._guard.reading()))
        times = Times(data_as_of_ms=analysis.data_as_of_ms)
        for at_ms, held in self._held_over(completed, memory.trades.time_ms, known_at_ms, until_ms):
            if self._settings.leverage_guard:
                self._guard = self._guard.saying(advised_policy(held), said_ms(times, at_ms))
            yield at_ms, Feedback(held, FeedbackStatus.ACTIVE, times=times)

    def _held_over(
        self, completed: Completed, results: IndexColumn, at_ms: int, until_ms: int
    ) -> Iterator[tuple[int, Advice]]:
        """Let risk that is added wait: yield the advice, and what becomes of it as time passes, each with its time."""
        settings = self._settings.hysteresis
        by_policy = advice_by_policy(completed.estimates, {}) if settings.is_on else {}
        while True:
            held = hold(completed.advice, by_policy, self._held, settings, Moment(at_ms, results)).advice
            yield at_ms, held
            self._held = held
            due_ms = None if held.followed is None else held.followed.due_ms(settings)
            if due_ms is None or due_ms >= until_ms:
                return
            at_ms = due_ms

    def _add_trades(self, end: int, known_at_ms: int) -> None:
        trades, self._taken = self._trades[self._taken : end], end
        if trades.size:
            entries, names = self._record.entries, self._record.regime_names
            regime, policy = (column[trades].astype(np.int64) for column in (entries.regime, entries.policy))
            most = self._settings.max_regimes
            if self._settings.leverage_guard:
                closed = ClosedTrades(entries.opened_ms[trades], policy, entries.pnl[trades])
                self._guard = self._guard.after(closed, known_at_ms)
            self._sums = with_observations(self._sums, names, regime, policy, entries.pnl[trades], most)


def _withdrawn(advice: Advice) -> Advice:
    """Return the safe values: nothing stands behind the advice any more."""
    return Feedback(advice, FeedbackStatus.ACTIVE, times=Times(valid_until_ms=0)).at(1).advice
