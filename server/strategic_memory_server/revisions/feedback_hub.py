"""FeedbackHub: what this server can say without asking anybody, newest feedback and a ring of recent ones.

Synchronous. The tail of the log feeds it, the streams and GetFeedback read it; both run in one event loop.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, warming_up
from strategic_memory_server.advice.intervention import ENDS_EARLY_MS, NO_INTERVENTION, is_under
from strategic_memory_server.advice.override import all_caps, of_others, overridden
from strategic_memory_server.inputs.cap_comparison import PASS_S
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps, by_source, in_order
from strategic_memory_server.memory.override import Override
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.validity_bound import ValidityBound
from strategic_memory_server.revisions.withheld import withheld

PUBLISHING_MS = 750
"""So long whoever leads may take to publish a cap that it has found, as this server has, milliseconds.

With the time between two comparisons it leaves something of 2 s."""

READ_AGAIN_MS = round(1000 * PASS_S)
"""So long after a cap was raised in the log its key may not have been read again here, milliseconds."""


class FeedbackHub:
    """Holds the newest feedback and recent ones.

    Args:
        version: version of the rules that the warming-up feedback names.
        recent_revisions: length of the ring.
        clock: the clock of Redis.
        known_history: what was ever read from the log, by an earlier start of the service too where that is kept.
    """

    def __init__(
        self,
        version: str,
        recent_revisions: int,
        clock: RedisClock | None = None,
        known_history: KnownHistory | None = None,
    ) -> None:
        self.epoch = ""
        self.revision = 0
        """Where the log stands: its newest revision, or the one that an epoch without a publication goes on above."""
        self.epoch_start = 1
        """First revision of the epoch, whether or not it has been published yet."""
        self.was_read = False
        """Whether the log has been read at all."""
        self.known_history = known_history or KnownHistory()
        """What was ever read from the log."""
        self.leverage_caps: LeverageCaps = NO_CAPS
        """The caps on leverage in force, that of an override among them, as last read from the log."""
        self.intervention = NO_INTERVENTION
        """What operators say that has come into force, as last read from the log."""
        self._version = version
        self._ring: deque[Feedback] = deque(maxlen=recent_revisions)
        self._newest = warming_up(version)
        self._nothing = self._newest
        self._nothing_under: tuple[LeverageCaps, Override | None] = NO_CAPS, None
        self._stale: Feedback | None = None
        self.unpublished_caps: LeverageCaps = NO_CAPS
        """Caps that this server has read and that are lower than the log says."""
        self._caps_read: LeverageCaps = NO_CAPS
        self._heeds_after_ms = math.inf
        self._withheld: tuple[Feedback, Feedback] | None = None
        self._oldest_retained = 0
        self._validity = ValidityBound(clock or RedisClock())

    @property
    def newest(self) -> Feedback:
        """The newest feedback, whether or not it holds; each change of the log makes it another object."""
        return self._newest

    @property
    def oldest_retained(self) -> int:
        """Oldest revision that the log retains; 0 when there is none."""
        return self._oldest_retained

    @property
    def said_ms(self) -> int | None:
        """When the newest feedback was last computed, milliseconds since 1970-01-01 UTC; None: there is none."""
        return self._newest.times.computed_at_ms

    @property
    def all_leverage_caps(self) -> LeverageCaps:
        """The caps that the log says, and in their place lower ones that this server has read."""
        return in_order({cap.source: cap for cap in (*self.leverage_caps, *self.unpublished_caps)}.values())

    def load(self, snapshot: LogSnapshot) -> bool:
        """Take over a snapshot of the log in place of everything known.

        False for one that goes back, in its epoch or to an earlier one, that says something else than was said, or that
        lacks what was said last: it is left. Redis has lost what was said, and until whoever leads says more, what is
        known is served on, rather than something older or nothing, for as long as it holds.
        """
        state = snapshot.state
        if state and any(self._contradicts(feedback) for feedback in snapshot.recent):
            self.known_history.disown(state.epoch)
        if state and (self.known_history.goes_back(state) or self._has_lost(state, snapshot)):
            return False
        self._ring.clear()
        self._ring.extend(snapshot.recent)
        self._oldest_retained = state.oldest_revision if state else 0
        self.epoch, self.revision, self.epoch_start = (
            (state.epoch, state.revision, state.epoch_start) if state else ("", 0, 1)
        )
        self.was_read = True
        self._take_caps(state)
        self._newest, self._stale = (
            replace(self._ring[-1] if self._ring else self._nothing, epoch=self.epoch),
            None,
        )
        if state:
            self.known_history.observe(self.epoch, self.revision)
            self._set_times(state)
        return True

    def append(self, feedback: Feedback) -> bool:
        """Take over the next feedback of the log; False when it does not follow what is known."""
        if feedback.epoch != self.epoch or feedback.revision != self.revision + 1:
            return False
        self._ring.append(feedback)
        self.revision = feedback.revision
        self.leverage_caps = feedback.advice.leverage_caps
        self._compare_caps()
        self._newest, self._stale = feedback, None
        self._validity.observe(feedback.epoch, feedback.revision, feedback.times)
        self._oldest_retained = self._oldest_retained or feedback.revision
        self.known_history.observe(self.epoch, self.revision)
        return True

    def confirm(self, state: LogState) -> bool:
        """Move the times of the newest feedback on; False when the log stands elsewhere than what is known."""
        if (state.epoch, state.revision) != (self.epoch, self.revision):
            return False
        self._oldest_retained = state.oldest_revision
        self._take_caps(state)
        self._set_times(state)
        return True

    def heed(self, read: LeverageCaps, *, at_once: bool = False) -> None:
        """Take note of caps as their keys hold them: those that are lower than the log says act here all the same.

        What is served ends early then. It is no revision, and the log goes on as it stands.

        Args:
            read: the caps.
            at_once: nobody is waited for who could publish them.
        """
        self._caps_read = read
        self._compare_caps(PUBLISHING_MS)
        if at_once and self.unpublished_caps and not self.heeds_unpublished(self.now_ms()):
            self._heeds_after_ms, self._withheld = self.now_ms() - 1, None

    def heeds_unpublished(self, now_ms: int) -> bool:
        """Tell whether caps that the log does not say act at a time by `now_ms`."""
        return now_ms > self._heeds_after_ms

    def heeds_in_ms(self, now_ms: int) -> int | None:
        """Return how long it is until caps that the log does not say act; None: none are about to."""
        return round(self._heeds_after_ms) - now_ms if now_ms <= self._heeds_after_ms < math.inf else None

    def agrees_with(self, state: LogState | None) -> bool:
        """Tell whether the log stands where it is known to stand, and its newest feedback holds for as long."""
        if state is None or (state.epoch, state.revision) != (self.epoch, self.revision):
            return state is None and (self.epoch, self.revision) == ("", 0)
        return not self._ring or state.times.valid_until_ms in (None, self._newest.times.valid_until_ms)

    def now_ms(self) -> int:
        """Return the time by the clock that the newest feedback was written by, milliseconds since 1970-01-01 UTC.

        It is that of Redis, unless that was set since. What is told of the feedback goes by it: whoever compares
        its `valid_until` with the time of a message sees what is left.
        """
        return self._validity.now_ms()

    def in_force(self, now_ms: int) -> Feedback:
        """Return the newest feedback as it stands at a time by `now_ms`; with the safe values once it holds no more.

        Until something changes it is the same object, so that what is derived from it can be kept.
        """
        now = self._newest.at(now_ms)
        if now is not self._newest:
            now = self._stale = self._stale or now
        return self._under_unpublished(now) if self.heeds_unpublished(now_ms) else now

    def lifts_intervention(self) -> bool:
        """Tell whether what is in force is not under what operators say: whoever leads knows of no operators.

        A server of an earlier version leaves what it does not know of in the state, and advises without it. So does one
        of this version with what is about to end.
        """
        now_ms = self.now_ms()
        return not is_under(self.in_force(now_ms), self.intervention.at(now_ms + ENDS_EARLY_MS))

    def valid_for_ms(self, now_ms: int) -> int | None:
        """Return how long the newest feedback holds from now unless it is confirmed; None: there is no end to it."""
        valid_until_ms = self._newest.times.valid_until_ms
        if now_ms <= self._heeds_after_ms < (math.inf if valid_until_ms is None else valid_until_ms):
            return round(self._heeds_after_ms) - now_ms
        return None if valid_until_ms is None else valid_until_ms - now_ms

    def recent(self, revision: int) -> Feedback | None:
        """Return a recent feedback; None when it is older than the ring or was never published."""
        if not self._ring or not self._ring[0].revision <= revision <= self._ring[-1].revision:
            return None
        return self._ring[revision - self._ring[0].revision]

    def _set_times(self, state: LogState) -> None:
        if self._ring:
            nothing = replace(self._nothing, epoch=self.epoch, revision=self.revision)
            said = nothing if state.withdrawn else self._ring[-1]
            # Where another program has taken the times out of the state, it holds for no longer than it was said for.
            times = state.times if state.withdrawn or state.times.valid_until_ms is not None else said.times
            self._newest, self._stale = replace(said, times=times), None
            self._validity.observe(self.epoch, self.revision, times)
        elif self._newest.advice is not self._nothing.advice:
            self._newest = replace(self._nothing, epoch=self.epoch)

    def _take_caps(self, state: LogState | None) -> None:
        """Take over caps and override in force; where the log does not tell, what was last heard of holds."""
        if state and state.intervention is not None:
            self.intervention = state.intervention
        caps = of_others(self.leverage_caps) if state is None or state.leverage_caps is None else state.leverage_caps
        override = self.intervention.override
        self.leverage_caps = all_caps(caps, override)
        if self._nothing_under != (under := (caps, override)):
            self._nothing_under = under
            nothing = warming_up(self._version, leverage_caps=caps)
            if override is not None:
                nothing = replace(nothing, advice=overridden(nothing.advice, override, may_raise=False))
            self._nothing = nothing
        self._compare_caps()

    def _compare_caps(self, wait_ms: int = PUBLISHING_MS + READ_AGAIN_MS) -> None:
        said = by_source(self.leverage_caps)
        lower = tuple(cap for cap in self._caps_read if cap.value < said.get(cap.source, math.inf))
        if lower != self.unpublished_caps:
            # What was raised a moment ago is in the log before it is read here: that ends nothing early.
            after_ms = min(self._heeds_after_ms, self.now_ms() + wait_ms) if lower else math.inf
            self.unpublished_caps, self._heeds_after_ms, self._withheld = lower, after_ms, None

    def _under_unpublished(self, now: Feedback) -> Feedback:
        """Return what is in force as caps leave it that the log does not say."""
        if self._withheld is None or self._withheld[0] is not now:
            # Once the validity has passed by the log, the key is to say so too, which goes by that time.
            ended_ms = now.times.valid_until_ms if now.status is FeedbackStatus.STALE else None
            at_ms = round(self._heeds_after_ms) if ended_ms is None else ended_ms
            self._withheld = now, withheld(self._newest, self.unpublished_caps, at_ms) or now
        return self._withheld[1]

    def _has_lost(self, state: LogState, snapshot: LogSnapshot) -> bool:
        """Tell whether the log goes on from what is known, and does not hold its newest entry any more."""
        return bool(self._ring) and state.epoch == self.epoch and not snapshot.recent

    def _contradicts(self, feedback: Feedback) -> bool:
        """Tell whether the log says something else under a revision than it did."""
        known = self.recent(feedback.revision) if feedback.epoch == self.epoch else None
        return known is not None and known.advice != feedback.advice
