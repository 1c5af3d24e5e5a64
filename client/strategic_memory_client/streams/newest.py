"""The newest feedback, ready to be read at any time: one follows the stream and writes, all read, no lock."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from strategic_memory_client.streams.shown import HeldFeedback, ShownNewest
from strategic_memory_client.streams.validity import seconds_left
from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import (
    SAFE_LEVERAGE,
    WARMING_UP,
    Feedback,
    FeedbackStatus,
    LeverageCap,
    safe_leverage,
)

_REMEMBERED_EPOCHS = 16


class NewestFeedback(ShownNewest):
    """Keeps `held` up to date from the messages of a stream. One thread writes; any may read `held`.

    The validity counts from when a message was heard, as the server's clock measures it: see `seconds_left`.
    """

    __slots__ = (
        "_caps_meanwhile",
        "_heard_at_s",
        "_left_epochs",
        "_received",
        "_silence_timeout_s",
    )

    def __init__(self, silence_timeout_s: float) -> None:
        """Take the server for gone after `silence_timeout_s` seconds without a message."""
        super().__init__()
        self._silence_timeout_s = silence_timeout_s
        self._received = WARMING_UP
        self._left_epochs: OrderedDict[str, None] = OrderedDict()
        self._heard_at_s = -math.inf
        self._caps_meanwhile: tuple[LeverageCap, ...] | None = None  # while what was received is withheld

    @property
    def is_warming_up(self) -> bool:
        """Whether nothing was received yet."""
        return self._received is WARMING_UP

    def take(self, event: SubscriptionEvent, wall_s: float, monotonic_s: float) -> bool:
        """Take an event that happened now; tell whether the feedback in force has yet to be fetched.

        `wall_s` counts from 1970 UTC, `monotonic_s` from anywhere.
        """
        match event:
            case FeedbackReceived(feedback):
                self.feedback(feedback, wall_s, monotonic_s)
            case HeartbeatReceived(heartbeat):
                return self.heartbeat(heartbeat, wall_s, monotonic_s)
            case Disconnected():
                self.out_of_reach(monotonic_s)
            case EpochChanged():
                pass  # the feedback in force there comes right after
        return False

    def feedback(self, feedback: Feedback, wall_s: float, monotonic_s: float) -> None:
        """Take a feedback that came now, unless a replica that lags behind sent it."""
        known = self._received
        if self._is_behind(feedback):
            return
        self._heard_at_s = monotonic_s
        is_known = (feedback.epoch, feedback.revision) == (known.epoch, known.revision)
        if is_known and feedback.status is FeedbackStatus.STALE and known.status is FeedbackStatus.ACTIVE:
            # The same feedback with its values withheld: what it said is kept for when it is confirmed.
            self._caps_meanwhile = feedback.leverage_caps
            self.expire()
            return
        self._enter(feedback.epoch)
        self._received = feedback
        self._hold(seconds_left(feedback, wall_s), wall_s)

    def heartbeat(self, heartbeat: Heartbeat, wall_s: float, monotonic_s: float) -> bool:
        """Take a heartbeat that came now; tell whether what it vouches for has yet to be fetched."""
        self._heard_at_s = monotonic_s
        known = self._received
        if is_about(heartbeat, known) and heartbeat.status is known.status:
            self._received = confirmed(known, heartbeat)
            self._hold(seconds_left(heartbeat, wall_s), wall_s)
            return False
        if heartbeat.status is not FeedbackStatus.ACTIVE:
            if not (self.is_warming_up or self._is_behind(heartbeat)):
                # What is withheld meanwhile is bound by the caps that are in force now.
                self._caps_meanwhile = heartbeat.leverage_caps
            self.expire()
            return False
        # Either something newer is in force, or the safe values had come in place of what is in force again.
        # A replica that lags behind vouches for less than what is known: nothing to fetch from that.
        return not self._is_behind(heartbeat)

    def out_of_reach(self, monotonic_s: float) -> None:
        """Take that the stream is interrupted now."""
        if monotonic_s - self._heard_at_s >= self._silence_timeout_s:
            self.expire()

    def expire(self) -> None:
        """Answer with the safe values from now on, until a feedback or a heartbeat says otherwise."""
        stale, caps = self._received, self._caps_meanwhile
        if not self.is_warming_up:
            stale = (stale if caps is None else replace(stale, leverage_caps=caps)).as_stale()
        self.show(HeldFeedback(stale, stale))

    def _is_behind(self, said: Feedback | Heartbeat) -> bool:
        """Tell whether a replica says this that knows less than what is known here already."""
        known = self._received
        if said.epoch == known.epoch:
            return said.revision < known.revision
        if not said.epoch:
            return True  # it has not read the log yet
        # Each sync moves the validity on: who still vouches for an epoch that was left has seen no later one.
        return said.epoch in self._left_epochs and _seconds(said.valid_until) <= _seconds(known.valid_until)

    def _enter(self, epoch: str) -> None:
        if epoch != self._received.epoch:
            self._left_epochs[self._received.epoch] = None
            self._left_epochs.pop(epoch, None)
            if len(self._left_epochs) > _REMEMBERED_EPOCHS:
                self._left_epochs.popitem(last=False)

    def _hold(self, validity_left_s: float, wall_s: float) -> None:
        feedback, good_for_s = self._received, self._silence_timeout_s
        self._caps_meanwhile = None
        if feedback.status is FeedbackStatus.ACTIVE:
            good_for_s = min(good_for_s, validity_left_s)
        self.show(HeldFeedback(feedback, feedback.as_stale(), good_for_s, wall_s))


def is_about(heartbeat: Heartbeat, known: Feedback) -> bool:
    """Tell whether a heartbeat speaks of this feedback.

    Of a log that has not begun as much was said as of one that has, and in which nothing stands yet.
    """
    is_of_nothing = not known.epoch and heartbeat.status is known.status is FeedbackStatus.WARMING_UP
    return is_of_nothing or (heartbeat.epoch, heartbeat.revision) == (known.epoch, known.revision)


def confirmed(known: Feedback, heartbeat: Heartbeat) -> Feedback:
    """Return the feedback as a heartbeat about it confirms it. Unless ACTIVE, a cap changes without a revision."""
    moved = replace(
        known,
        epoch=heartbeat.epoch,
        revision=heartbeat.revision,
        valid_until=heartbeat.valid_until,
        data_as_of=heartbeat.data_as_of,
    )
    if known.status is FeedbackStatus.ACTIVE or heartbeat.leverage_caps == known.leverage_caps:
        return moved
    if known.status is FeedbackStatus.STALE:
        return replace(moved, leverage_caps=heartbeat.leverage_caps).as_safe()
    leverage = safe_leverage(SAFE_LEVERAGE, heartbeat.leverage_caps)
    bound_by = heartbeat.leverage_caps[0].source if leverage < SAFE_LEVERAGE else None
    return replace(moved, leverage_hint=leverage, leverage_bound_by=bound_by, leverage_caps=heartbeat.leverage_caps)


def _seconds(valid_until: datetime | None) -> float:
    return -math.inf if valid_until is None else valid_until.timestamp()
