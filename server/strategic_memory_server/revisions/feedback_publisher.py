"""FeedbackPublisher: decides whether an advice is a new revision, and writes it or confirms the old one.

It believes to know where the log stands and the log's scripts check that belief, so a publisher that was wrong (a
restart, a lost reply, history lost in a failover) learns it before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.advice.feedback import Advice, Feedback, FeedbackStatus, Times
from strategic_memory_server.advice.intervention import NO_INTERVENTION, Intervention
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.revisions.beside import NOTHING_BESIDE, Beside
from strategic_memory_server.revisions.contract_bounds import outside_contract
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_opening import LogOpening, mint_epoch
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.lost_history import report_lost_entries, report_new_epoch, report_other_history
from strategic_memory_server.revisions.own_writes import OwnWrites

ATTEMPTS = 3

CONTESTED = (
    "the feedback log was changed by a program that does not hold the lease each time this service tried to "
    "write to it; find out who else writes there"
)


class LogContestedError(Exception):
    """Somebody else keeps writing to the log."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of an advice: the feedback as it stands in the log, and whether it is a new revision."""

    feedback: Feedback
    is_new: bool


class FeedbackPublisher:
    """Writes to one log.

    Args:
        log: the log.
        mint: makes the name of a new epoch.
        known_history: gives what has been read from the log.
        problems: is told when Redis has lost what was said, or holds another history.
        expecting: is told what is to be a new revision while Redis is writing it: most likely it will be said.
        about: what every epoch starts with; where the log stands in an epoch of something else, another one begins.
        is_guarded: whether the drawdown guard is on; where it is off what it went on from is forgotten.
    """

    def __init__(
        self,
        log: FeedbackLog,
        mint: Callable[[], str] = mint_epoch,
        known_history: Callable[[], KnownHistory] = KnownHistory,
        problems: Problems | None = None,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        about: str = "",
        *,
        is_guarded: bool = False,
    ) -> None:
        self._log = log
        self._mint = mint
        self._about = about
        self._known_history = known_history
        self._is_guarded = is_guarded
        self._guard = GuardState()
        self._problems = problems or Problems()
        self._expecting = expecting
        self._claim: Claim | None = None
        self._state: LogState | None = None
        self._newest: Feedback | None = None
        # What is known to have been said: what Redis holds can fall back behind it.
        self._said = KnownHistory()
        self._written_epoch = ""
        self._tried_revision = 0
        self._own = OwnWrites()

    @property
    def heads(self) -> Mapping[str, str]:
        """Id of the entry that the log should end with, by key; what comes after it is another program's."""
        return {self._log.keys.log: f"{self._state.revision}-0"} if self._state else {}

    async def open(self, claim: Claim) -> LogState:
        """Learn where the log stands; afterwards it has an epoch.

        Where what Redis holds is another history than what this process knows to have been said, another epoch begins:
        revisions go on above everything that was ever said.

        Raises:
            DeposedError: the claim is not good any more.
        """
        self._learn_what_was_said()
        known = self._said.highest
        opening = await self._open(claim)
        if not opening.state.epoch.startswith(self._about):
            opening = await self._open(claim, leaving=opening.state.epoch)
        snapshot = await self._log.snapshot(recent=1)
        if opening.begun is None and self._is_other_history(claim, opening.state, snapshot):
            # Whether or not an answer comes, another one begins.
            report_other_history(self._problems, opening.state, max(known, opening.state.revision))
            opening = await self._open(claim, leaving=opening.state.epoch)
        elif (why := opening.begun or self._own.begun_unanswered(opening)) is not None:
            report_new_epoch(self._problems, opening.state, why, known)
        state, begun = opening.state, opening.begun
        read = snapshot.state
        self._newest, head = None, ""
        if begun is None and read and (read.epoch, read.revision) == (state.epoch, state.revision):
            self._newest, head = snapshot.recent[-1] if snapshot.recent else None, read.head
            if not head and state.revision >= state.epoch_start:
                report_lost_entries(self._problems, state)
        self._said.observe(state.epoch, state.revision)
        state = replace(state, head=head)
        self._state, self._claim = state, claim
        self._own.stand_at(state.epoch, state.revision, head)
        self._own.opened()
        return state

    async def in_force(self, claim: Claim, now_ms: int) -> Advice | None:
        """Return what is said at a moment: the safe values where it has turned stale; None where nothing is known.

        Args:
            claim: what is written under.
            now_ms: the time now, milliseconds since 1970-01-01 UTC.

        Raises:
            DeposedError: the claim is not good any more.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        state = await self._standing(claim)
        newest = self._newest
        return None if newest is None else replace(newest, times=state.times).at(now_ms).advice

    async def guard(self, claim: Claim) -> GuardState:
        """Return what the drawdown guard goes on from, as it was written last; errors as for `in_force`."""
        await self._standing(claim)
        return self._guard

    async def publish(
        self,
        claim: Claim,
        advice: Advice,
        times: Times,
        now_ms: int,
        beside: Beside = NOTHING_BESIDE,
        rests_on: Callable[[], str] = str,
    ) -> Publication:
        """Write an advice as a new revision, or confirm the newest one when it says the same and is still valid.

        Args:
            claim: what to write under.
            advice: what to say.
            times: its times.
            now_ms: the time now, milliseconds since 1970-01-01 UTC.
            beside: what to write down in the same step; the advice is under what operators say in it.
            rests_on: tells what a new revision rests on, as text.

        Raises:
            DeposedError: the claim is not good any more; nothing was written.
            MemoryMovedError: the long memory stands elsewhere than the note says; nothing was written.
            LogContestedError: the log changed under every attempt.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused. Whether the advice was
                written is not known then; the next call finds out.
        """
        for _ in range(ATTEMPTS):
            state = await self._standing(claim)
            # Until it is known that this write succeeded, it is not known where the log stands.
            newest, self._state = self._newest, None
            in_force = not (state.withdrawn or state.has_lapsed(now_ms))
            repeated = newest is not None and newest.advice == advice and in_force
            epoch, revision = state.epoch, state.revision if repeated else state.revision + 1
            feedback = Feedback(advice, FeedbackStatus.ACTIVE, revision=revision, epoch=epoch, times=times)
            if (wrong := outside_contract(feedback)) is not None:
                # A fault of the program: every reader would refuse it.
                raise ValueError(wrong)
            self._tried_revision = revision
            if repeated:
                written = await self._log.confirm(claim, feedback, state, beside)
            else:
                try:
                    written = await self._log.publish(claim, feedback, state, beside, self._expecting, rests_on())
                finally:
                    self._own.try_at(epoch, revision, self._log.written_head)
            if written:
                head = state.head if repeated else self._log.written_head
                self._newest, self._written_epoch = feedback, epoch
                self._said.observe(epoch, revision)
                self._state = LogState(
                    epoch, revision, times=times, leverage_caps=advice.leverage_caps, head=head, opening=state.opening
                )
                self._own.stand_at(epoch, revision, head)
                self._guard = beside.guard or self._guard
                return Publication(feedback, is_new=not repeated)
        raise LogContestedError(CONTESTED)

    async def withdraw(
        self,
        claim: Claim,
        now_ms: int,
        leverage_caps: LeverageCaps = NO_CAPS,
        beside: Beside = NOTHING_BESIDE,
    ) -> None:
        """Say that nothing stands behind the newest feedback any more; the next advice is a new revision.

        Args:
            claim: what to write under.
            now_ms: the time now, milliseconds since 1970-01-01 UTC.
            leverage_caps: caps on leverage in force: they hold where nothing is said, too.
            beside: what to write down in the same step.

        Raises:
            DeposedError, MemoryMovedError, LogContestedError: as for `publish`.
        """
        for _ in range(ATTEMPTS):
            state = await self.open(claim)
            newest, valid_until_ms = self._newest, state.times.valid_until_ms
            if newest is None or state.withdrawn:
                stands = state.leverage_caps or NO_CAPS, state.intervention or NO_INTERVENTION
                is_known = stands == (leverage_caps, beside.intervention) and beside.guard in (None, self._guard)
                if beside.note or not is_known:
                    self._state = None
                    if not await self._log.remember(claim, leverage_caps, state, beside):
                        continue
                    self._state, self._guard = state, beside.guard or self._guard
                return
            self._state = None
            ended_ms = now_ms - 1 if valid_until_ms is None else min(valid_until_ms, now_ms - 1)
            advice = replace(newest.advice, leverage_caps=leverage_caps)
            ended = replace(newest, advice=advice, times=replace(state.times, valid_until_ms=ended_ms))
            if await self._log.withdraw(claim, ended, state, beside):
                self._written_epoch = newest.epoch
                return
        raise LogContestedError(CONTESTED)

    def stand_by(self) -> None:
        """Leave it to whoever leads to tell that events are not sent."""
        self._log.stand_by()

    async def known_caps(self) -> LeverageCaps:
        """Return the caps on leverage that were in force when the log was last written; none where that is not known.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        return await self._log.read_caps()

    async def _standing(self, claim: Claim) -> LogState:
        """Return where the log stands; it is read where that is not known."""
        self._learn_what_was_said()
        state = self._state if claim == self._claim else None
        return await self.open(claim) if state is None or self._said.goes_back(state) else state

    async def known_intervention(self) -> Intervention | None:
        """Return what operators had said when the log was last written; None: not known. Errors as for `known_caps`."""
        return await self._log.read_intervention()

    async def _open(self, claim: Claim, *, leaving: str = "") -> LogOpening:
        name = self._about + self._mint()
        self._own.try_epoch(name)
        opening = await self._log.open(
            claim,
            name,
            self._said.highest,
            self._written_epoch,
            leaving=leaving,
            is_guarded=self._is_guarded,
        )
        self._guard = opening.guard
        return opening

    def _is_other_history(self, claim: Claim, state: LogState, snapshot: LogSnapshot) -> bool:
        """Tell whether Redis holds something else than what goes on from all that was said.

        While the claim holds nobody but this publisher writes.
        """
        if not self._said.goes_on(state):
            return True
        return claim == self._claim and not self._own.explain(state, snapshot)

    def _learn_what_was_said(self) -> None:
        """Take over what was read from the log: another server may have said it, and Redis may have lost it since."""
        heard = self._known_history()
        written = dict(heard).get(self._written_epoch, 0)
        # A write whose reply was lost is heard of all the same; any other is somebody else's.
        if written > max(self._said.newest_of(self._written_epoch), self._tried_revision):
            self._written_epoch = ""
        self._said.merge(heard)
