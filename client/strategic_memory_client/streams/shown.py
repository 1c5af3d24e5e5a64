"""What one client answers as its newest feedback: while it is good, after that, and once nothing more can come."""

from __future__ import annotations

import logging
import math
import os
import warnings
import weakref
from contextlib import suppress
from time import monotonic, time

from strategic_memory_client.values.results import WARMING_UP, Feedback

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

    __slots__ = ("advised", "good_until_s", "safe_values", "steady_until_s")

    def __init__(
        self, advised: Feedback, safe: Feedback, good_for_s: float = math.inf, from_wall_s: float = 0.0
    ) -> None:
        """Let it be good for so many seconds since the wall clock has shown `from_wall_s`."""
        self.advised = advised
        self.safe_values = safe
        self.good_until_s = from_wall_s + good_for_s
        # What has waited unread holds for less by both: the wall clock may be set back after this.
        self.steady_until_s = monotonic() - max(0.0, time() - from_wall_s) + good_for_s

    @property
    def safe(self) -> Feedback:
        """What to answer once it is not good any more."""
        return self.safe_values

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
        return self.safe_values


class ShownNewest:
    """`held` as one client reads it: what was shown last, or that nothing more will come. One shows, all read."""

    __slots__ = ("__weakref__", "_is_followed", "_muted_by", "held")

    def __init__(self) -> None:
        """Show that nothing has come yet."""
        self._is_followed = False
        self._muted_by = ""
        self.held = HeldFeedback(WARMING_UP, WARMING_UP)
        _all_in_process.add(self)

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
            self.held = MutedFeedback(self.held.safe_values, why)
        else:
            self.expire()

    def expire(self) -> None:
        """Answer with the safe values from now on, until something else is shown."""
        safe = self.held.safe_values
        self.show(HeldFeedback(safe, safe))

    def show(self, held: HeldFeedback) -> None:
        """Answer with this from now on, unless nothing more was to come."""
        if not self._muted_by:
            self.held = held
            self._keep_muted(held)

    def _keep_muted(self, held: HeldFeedback) -> None:
        if self._muted_by:  # by another thread, while this one was about it
            self.held = MutedFeedback(held.safe_values, self._muted_by)


_all_in_process: weakref.WeakSet[ShownNewest] = weakref.WeakSet()


def _mute_after_fork() -> None:
    # What followed stayed in the other process: threads and event loops are not forked.
    for newest in list(_all_in_process):
        newest.mute(FORKED_OFF)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mute_after_fork)
