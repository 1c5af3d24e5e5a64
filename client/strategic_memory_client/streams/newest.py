"""The newest feedback, ready to be read at any time: one follows the stream and writes, all read, no lock."""

from __future__ import annotations

import logging
import math
import os
import warnings
import weakref
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic, time

from strategic_memory_client.streams.validity import seconds_left
from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.results import (
    SAFE_LEVERAGE,
    WARMING_UP,
    Feedback,
    FeedbackStatus,
    Heartbeat,
    safe_leverage,
)

_REMEMBERED_EPOCHS = 16

_logger = logging.getLogger("strategic_memory_client")

CLOSED = "the client was closed; close it once nobody reads it any more, or make another one"
FORKED_OFF = "this process was forked off after the client was made; make one in each process"
LOOP_ENDED = (
    "the task that followed was cancelled, or its event loop has ended; call follow() again, or make a client there"
)


class HeldFeedback:
    """What to answer while it is good, and what after. It never changes.

    Two clocks count, and the first to pass its limit ends it: the monotonic one (`steady_until_s`) cannot be set back,
    and the wall clock (`good_until_s`, seconds since 1970 UTC) goes on while a machine sleeps.
    """

    __slots__ = ("_safe", "advised", "good_until_s", "steady_until_s")

    def __init__(
        self, advised: Feedback, safe: Feedback, good_for_s: float = math.inf, from_wall_s: float = 0.0
    ) -> None:
        """Let it be good for so many seconds from now on, which the wall clock shows as `from_wall_s`."""
        self.advised = advised
        self._safe = safe
        self.good_until_s = from_wall_s + good_for_s
        self.steady_until_s = monotonic() + good_for_s

    @property
    def safe(self) -> Feedback:
        """What to answer once it is not good any more."""
        return self._safe

    def read(self) -> Feedback:
        """Return what may be acted upon now."""
        return self.advised if time() < self.good_until_s and monotonic() < self.steady_until_s else self.safe


class MutedFeedback(HeldFeedback):
    """The safe values, for good: whoever reads them counts on what cannot come, and is told so once."""

    __slots__ = ("_is_told", "_why")

    def __init__(self, safe: Feedback, why: str) -> None:
        super().__init__(safe, safe, -math.inf)
        self._why = why
        self._is_told = False

    @property
    def safe(self) -> Feedback:
        """What to answer."""
        if not self._is_told:
            self._is_told = True
            said = f"`newest` gives the safe values and will not change: {self._why}"
            with suppress(Exception):  # reading never raises, whatever a log handler of the program does
                _logger.warning(said)
            with suppress(Warning):  # a mistake of the program is shown where no log is
                warnings.warn(said, RuntimeWarning, stacklevel=3)
        return self._safe


_all_in_process: weakref.WeakSet[NewestFeedback] = weakref.WeakSet()


def _mute_after_fork() -> None:
    # What followed stayed in the other process: threads and event loops are not forked.
    for newest in list(_all_in_process):
        newest.mute(FORKED_OFF)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mute_after_fork)


class NewestFeedback:
    """Keeps `held` up to date from the messages of a stream. One thread writes; any may read `held`.

    The validity counts from when a message was heard, as the server's clock measures it: see `seconds_left`.
    """

    __slots__ = (
        "__weakref__",
        "_heard_at_s",
        "_is_followed",
        "_left_epochs",
        "_muted_by",
        "_received",
        "_silence_timeout_s",
        "held",
    )

    def __init__(self, silence_timeout_s: float) -> None:
        """Take the server for gone after `silence_timeout_s` seconds without a message."""
        self._silence_timeout_s = silence_timeout_s
        self._received = WARMING_UP
        self._left_epochs: OrderedDict[str, None] = OrderedDict()
        self._heard_at_s = -math.inf
        self._is_followed = False
        self._muted_by = ""
        self.held = HeldFeedback(WARMING_UP, WARMING_UP)
        _all_in_process.add(self)

    @property
    def is_warming_up(self) -> bool:
        """Whether nothing was received yet."""
        return self._received is WARMING_UP

    def follow(self) -> None:
        """Take that something will come from now on."""
        self._is_followed = True
        if self._muted_by:
            self._muted_by = ""
            self.expire()

    def mute(self, why: str) -> None:
        """Take that nothing will come any more; who reads what was followed is told `why`, once."""
        if self._is_followed and self._muted_by != why:
            self._muted_by = why
            self.held = MutedFeedback(self._stale(), why)
        else:
            self.expire()

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
            self.expire()
            return
        self._enter(feedback.epoch)
        self._received = feedback
        self._hold(seconds_left(feedback, wall_s), wall_s)

    def heartbeat(self, heartbeat: Heartbeat, wall_s: float, monotonic_s: float) -> bool:
        """Take a heartbeat that came now; tell whether what it vouches for has yet to be fetched."""
        self._heard_at_s = monotonic_s
        known = self._received
        is_about_known = (heartbeat.epoch, heartbeat.revision) == (known.epoch, known.revision)
        if is_about_known and heartbeat.status is known.status:
            self._received = _confirmed(known, heartbeat)
            self._hold(seconds_left(heartbeat, wall_s), wall_s)
            return False
        if heartbeat.status is not FeedbackStatus.ACTIVE:
            if not (self.is_warming_up or self._is_behind(heartbeat)):
                # What is withheld meanwhile is bound by the caps that are in force now.
                self._received = replace(known, leverage_caps=heartbeat.leverage_caps)
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
        if not self._muted_by:
            stale = self._stale()
            self.held = HeldFeedback(stale, stale)

    def _stale(self) -> Feedback:
        return self._received if self.is_warming_up else self._received.as_stale()

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
        if feedback.status is FeedbackStatus.ACTIVE:
            good_for_s = min(good_for_s, validity_left_s)
        self.held = HeldFeedback(feedback, feedback.as_stale(), good_for_s, wall_s)
        if self._muted_by:  # by another thread, while this one was about it
            self.held = MutedFeedback(self._stale(), self._muted_by)


def _confirmed(known: Feedback, heartbeat: Heartbeat) -> Feedback:
    """Return the feedback as the heartbeat confirms it. Where nothing is said, a cap changes without a revision."""
    confirmed = replace(known, valid_until=heartbeat.valid_until, data_as_of=heartbeat.data_as_of)
    if known.status is not FeedbackStatus.WARMING_UP or heartbeat.leverage_caps == known.leverage_caps:
        return confirmed
    leverage = safe_leverage(SAFE_LEVERAGE, heartbeat.leverage_caps)
    bound_by = heartbeat.leverage_caps[0].source if leverage < SAFE_LEVERAGE else None
    return replace(confirmed, leverage_hint=leverage, leverage_bound_by=bound_by, leverage_caps=heartbeat.leverage_caps)


def _seconds(valid_until: datetime | None) -> float:
    return -math.inf if valid_until is None else valid_until.timestamp()
