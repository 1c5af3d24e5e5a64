"""HeartbeatPace: when a stream is due a heartbeat, so that its subscriber never sees a gap in validity.

Let the syncs that confirm the advice be G apart, and the validity V. In the worst case a heartbeat goes out just before
a confirmation and tells V from the one before it; the next heartbeat comes H later. The subscriber sees no gap where
G + H <= V. The contract says H <= V / 3; a quarter leaves room for G of three quarters of V: at the default validity of
three intervals, syncs that are 2.25 intervals apart, because one was slow or failed, less what a message takes.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from strategic_memory_server.advice.feedback import Times

SHORTEST_HEARTBEAT_S = 0.1
LONGEST_HEARTBEAT_S = 3_600.0
"""The bounds of what a subscriber may ask for, seconds."""

SHORTEST_PACE_S = 1.0
"""Heartbeats that are asked for more often come this often, seconds, unless the validity needs more."""

LEAST_PACE_S = 0.05
"""Heartbeats never come more often than this, seconds, whatever validity is found in the log."""

HEARTBEATS_IN_VALIDITY = 4
SHORTEST_SHARE = 0.8
"""Least share of the pace that a heartbeat comes after; the most is the whole, so that streams spread out."""

_RANDOM = random.Random()  # noqa: S311  it spreads heartbeats out, and is no secret


def validity_s(times: Times) -> float | None:
    """Return how long an advice holds after the sync that confirmed it, seconds; None where there is no end to it."""
    if times.computed_at_ms is None or times.valid_until_ms is None:
        return None
    return (times.valid_until_ms - times.computed_at_ms) / 1000


def longest_silence_s(asked_s: float, validity_s: float | None) -> float:
    """Return the longest silence on a stream whose subscriber asked for so much, seconds."""
    longest_s = max(asked_s, SHORTEST_PACE_S)
    if validity_s is None:
        return longest_s
    return min(longest_s, max(validity_s / HEARTBEATS_IN_VALIDITY, LEAST_PACE_S))


def _draw_share() -> float:
    return SHORTEST_SHARE + (1 - SHORTEST_SHARE) * _RANDOM.random()


class HeartbeatPace:
    """The pace of one stream. Synchronous.

    Args:
        asked_s: longest silence that the subscriber asked for, seconds.
        validity_s: gives the validity of the feedback in force, as `validity_s` does; it may change at any time.
        draw_share: gives the share of the longest silence that the next heartbeat comes after.

    Attributes:
        sent_at_s: when something was said last, seconds by any clock.
    """

    __slots__ = ("_asked_s", "_draw_share", "_known_s", "_share", "_silence_s", "_validity_s", "sent_at_s")

    def __init__(
        self,
        asked_s: float,
        validity_s: Callable[[], float | None],
        draw_share: Callable[[], float] = _draw_share,
    ) -> None:
        self._asked_s = asked_s
        self._validity_s = validity_s
        self._draw_share = draw_share
        # A validity, and the longest silence that follows from it.
        self._known_s = validity_s()
        self._silence_s = longest_silence_s(asked_s, self._known_s)
        self.sent_at_s = 0.0
        self.spread()

    def spread(self) -> None:
        """Let the heartbeats that follow come after another share of the longest silence."""
        self._share = self._draw_share()

    def has_changed(self) -> bool:
        """Tell whether the validity is another one than when it was asked last when a heartbeat is due."""
        return self._validity_s() != self._known_s

    def due_at_s(self) -> float:
        """Return when the next heartbeat is due, by the clock of `sent_at_s`."""
        validity_s = self._validity_s()
        if validity_s != self._known_s:
            self._known_s, self._silence_s = validity_s, longest_silence_s(self._asked_s, validity_s)
        return self.sent_at_s + self._share * self._silence_s
