"""LinkConditions: how a network between two programs behaves, as values; no socket, no loop."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass


class Direction(enum.Enum):
    """Which way bytes go."""

    TO_SERVER = "to server"
    TO_CLIENT = "to client"


@dataclass(frozen=True, slots=True)
class LinkConditions:
    """How one direction of a link behaves.

    Attributes:
        delay_ms: how much later each byte arrives, milliseconds.
        jitter_ms: up to how much later still, drawn for each piece; order is kept.
        bytes_per_s: how many bytes pass in a second; None: as many as come.
        cut: nothing passes; what is sent meanwhile arrives when this ends, as with packets that TCP repeats.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    bytes_per_s: float | None = None
    cut: bool = False


PERFECT = LinkConditions()


class DepartureTimes:
    """When each piece that goes in one direction of one connection is due at the other end. Times are seconds.

    Args:
        source: draws the jitter.
    """

    def __init__(self, source: random.Random) -> None:
        self._source = source
        self._last_due_s = 0.0

    def forget(self) -> None:
        """Let nothing that comes from now on wait for what came before."""
        self._last_due_s = 0.0

    def due_s(self, conditions: LinkConditions, now_s: float, size: int) -> float:
        """Return the time at which a piece of `size` bytes that came in now has passed; never before an earlier one."""
        delay_s = (conditions.delay_ms + self._source.uniform(0.0, conditions.jitter_ms)) / 1_000
        starts_s = max(now_s + delay_s, self._last_due_s)
        takes_s = size / conditions.bytes_per_s if conditions.bytes_per_s else 0.0
        self._last_due_s = starts_s + takes_s
        return self._last_due_s
