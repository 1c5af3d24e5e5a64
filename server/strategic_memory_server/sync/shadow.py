"""Shadow: what other rules or settings would advise upon the same memory, said to a key and a log of its own.

Nobody follows it. The loop hands over what it has read once it has published, and goes on; a task of its own writes. A
fault of the shadow is a problem that is told, and nothing else: the advice does not wait for it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from redis.exceptions import RedisError

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.drawdown_guard import NO_TRADES, ClosedTrades, joined_trades
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.feedback import Advice, Feedback, Times
from strategic_memory_server.advice.guarded_advice import advised_policy, guarded, said_ms
from strategic_memory_server.advice.held_advice import hold
from strategic_memory_server.advice.hysteresis import Moment
from strategic_memory_server.advice.other_policies import advice_by_policy
from strategic_memory_server.advice.probe import Completed
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice, ReinforcementFeedback
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.long_memory import Gathered
from strategic_memory_server.memory.leverage_cap import LeverageCaps, by_source
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher, LogContestedError
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.write_arguments import DeposedError

PROBLEM = "shadow_failed"

MOST_UNSAID = 10_000
"""Trades that are kept while nothing can be written, for however long that is."""

logger = structlog.get_logger(__name__)


def risk_differs(one: Advice, other: Advice) -> bool:
    """Tell whether two advices differ in what is acted upon: a policy or a leverage, of either of their regimes."""
    return _acted_upon(one) != _acted_upon(other)


def _acted_upon(advice: Advice) -> tuple[object, ...]:
    now = advice.current
    current = None if now is None else (now.policy, now.leverage_hint)
    return advice.updated_policy, advice.leverage_hint, current


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is to be said of one sync."""

    claim: Claim
    completed: Completed | None
    caps: LeverageCaps
    moment: Moment
    times: Times
    trades: ClosedTrades


class Shadow:
    """Advises under settings of its own.

    Args:
        settings: upon what to advise, by which rules.
        publisher: writes to the log of the shadow.
        validity_ms: how long what is said holds, milliseconds.
        problems: is told where the shadow fails.
    """

    def __init__(
        self,
        settings: AdviceSettings,
        publisher: FeedbackPublisher,
        validity_ms: int,
        problems: Problems,
    ) -> None:
        self.newest: Feedback | None = None
        """What it said last; None: nothing yet."""
        self._settings = settings
        self._publisher = publisher
        self._validity_ms = validity_ms
        self._problems = problems
        self._analyzer = PatternAnalyzer(settings.minimum_policy_trades)
        self._reference = ReinforcementFeedback(settings.minimum_samples)
        self._evidence = EvidenceFeedback(settings.evidence)
        self._seen: _Seen | None = None
        self._unsaid = NO_TRADES
        self._missed = NO_TRADES
        # Those of the newest failed sync, and where the long memory stood that it read.
        self._missed_last: tuple[str, ClosedTrades] = ("", NO_TRADES)
        self._woken = asyncio.Event()

    def believe(self, sums: EvidenceSums, group: Group) -> None:
        """Work out, in a thread, what `look` is about to need; it meets the same faults, and reports them."""
        with suppress(Exception):
            self._evidence.believe(sums, group)

    def look(
        self,
        claim: Claim,
        memory: StrategicMemory,
        gathered: Gathered,
        now_ms: int,
        group: Group | None = None,
    ) -> None:
        """Take what one sync has read, in place of what was not said yet; nothing is read later than this.

        Args:
            claim: what the sync published under.
            memory: the windows.
            gathered: the long memory, and the trades that were new to the sync.
            now_ms: the time of the sync, milliseconds since 1970-01-01 UTC.
            group: the other portfolios from which the advice borrows; None: there are none.
        """
        try:
            self._seen = self._of(claim, memory, gathered, now_ms, group)
        except Exception as error:
            if self._failed(f"fault of the program: {type(error).__name__}"):
                logger.exception("Shadow failed by a fault of the program")
        else:
            self._woken.set()
            self._forget_missed()

    def miss(self, gathered: Gathered) -> None:
        """Take the trades that were new to a sync which has failed: it may have written down that they count.

        Then no other sync brings them; where one does, since the long memory stands where it stood, they count once.
        """
        if self._settings.leverage_guard:
            stands_at = gathered.stored.stands_at
            self._missed, self._missed_last = self._missed_before(stands_at), (stands_at, gathered.counted)

    def _missed_before(self, stands_at: str) -> ClosedTrades:
        """Return the trades of failed syncs that a sync from there on does not bring again."""
        last_stood_at, last = self._missed_last
        return self._missed if last_stood_at == stands_at else joined_trades([self._missed, last], MOST_UNSAID)

    def _forget_missed(self) -> None:
        self._missed, self._missed_last = NO_TRADES, ("", NO_TRADES)

    def stand_by(self) -> None:
        """Leave it to the shadow of whoever leads: what this one has said is compared no more, and no failure told."""
        self.newest = None
        self._problems.withdraw(PROBLEM)

    async def run(self) -> None:
        """Say what was taken, the newest alone; until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            seen, self._seen = self._seen, None
            if seen is not None:
                await self._try(seen)

    async def _try(self, seen: _Seen) -> None:
        try:
            # What cannot be written counts the next time: no other sync brings it.
            self._unsaid = joined_trades([self._unsaid, seen.trades], MOST_UNSAID)
            await self._say(replace(seen, trades=self._unsaid))
        except DeposedError:
            # The loop finds out by itself, and another server's shadow goes on.
            self.newest, self._unsaid = None, NO_TRADES
            self._forget_missed()
        except (RedisError, OSError, LogContestedError, MalformedFeedbackError) as error:
            self._failed(describe_failure(error))
        except Exception as error:
            if self._failed(f"fault of the program: {type(error).__name__}"):
                logger.exception("Shadow failed by a fault of the program")
        else:
            self._unsaid = NO_TRADES
            self._problems.withdraw(PROBLEM)

    def _of(
        self,
        claim: Claim,
        memory: StrategicMemory,
        gathered: Gathered,
        now_ms: int,
        group: Group | None,
    ) -> _Seen:
        analysis = self._analyzer.analyze(memory)
        advice = self._reference.recommend(analysis)
        completed = None
        if not isinstance(advice, NoAdvice):
            sums = gathered.kept.sums
            completed = self._evidence.complete(advice, analysis, sums, self._settings.rules, group=group)
        times = Times(now_ms, analysis.data_as_of_ms, now_ms + self._validity_ms)
        # The windows move on with the next sync, so what is counted of them later is copied.
        results = memory.trades.time_ms[-max(self._settings.hysteresis.results, 1) :].copy()
        trades = NO_TRADES
        if self._settings.leverage_guard:
            unsaid = [self._seen.trades] if self._seen else []
            trades = joined_trades([*unsaid, self._missed_before(gathered.stored.stands_at), gathered.counted])
        return _Seen(claim, completed, analysis.leverage_caps, Moment(now_ms, results), times, trades)

    async def _say(self, seen: _Seen) -> None:
        completed, now_ms, guard = seen.completed, seen.moment.now_ms, None
        if self._settings.leverage_guard:
            guard = (await self._publisher.guard(seen.claim)).after(seen.trades, now_ms)
        if completed is None:
            await self._publisher.withdraw(seen.claim, now_ms, seen.caps, Beside(guard=guard))
            self.newest = None
            return
        advice = completed.advice if guard is None else guarded(completed.advice, guard.reading())
        before = await self._publisher.in_force(seen.claim, now_ms)
        by_policy = advice_by_policy(completed.estimates, by_source(seen.caps))
        held = hold(advice, by_policy, before, self._settings.hysteresis, seen.moment).advice
        after = None if guard is None else guard.saying(advised_policy(held), said_ms(seen.times, now_ms))
        publication = await self._publisher.publish(seen.claim, held, seen.times, now_ms, Beside(guard=after))
        self.newest = publication.feedback

    def _failed(self, failure: str) -> bool:
        """State why it says nothing; tell whether that was not known yet."""
        sentence = (
            f"the shadow (STRATEGIC_MEMORY_SHADOW_...) says nothing now: {failure}. The advice is what it would be "
            "without one"
        )
        is_news = self._problems.standing.get(PROBLEM) != sentence
        self._problems.state(PROBLEM, sentence)
        return is_news
