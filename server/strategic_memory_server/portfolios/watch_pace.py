"""WatchPace: how a portfolio is watched: the default one as if it were alone, others together and in proportion.

What has to be asked again and again, as caps on leverage and the state of a log, is asked less often where there are
many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategic_memory_server.portfolios.shared_resources import RedisServer
from strategic_memory_server.redis_access.stream_reads import SharedReads
from strategic_memory_server.revisions.feedback_tail import BLOCK_MS
from strategic_memory_server.revisions.lapse_watch import LOOK_S
from strategic_memory_server.sync.sync_pace import CAPS_S

LOOKS_A_SECOND = 200
"""So many portfolios are looked at in a second, at most."""

LONGEST_LAPSE_LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class WatchPace:
    """How one portfolio is watched.

    Attributes:
        log: waits for what comes in its log, with others; None: it has connections of its own.
        inputs: the same for its inputs.
        looks_s: gives the time between two looks at its caps and at what operators say, seconds.
        compared_ms: gives that between two comparisons with the state of its log, milliseconds.
        longest_look_s: that between two looks at its validity while it lasts, seconds.
    """

    log: SharedReads | None
    inputs: SharedReads | None
    looks_s: Callable[[], float]
    compared_ms: Callable[[], int]
    longest_look_s: float

    @classmethod
    def of_default(cls) -> WatchPace:
        """Return that of the default portfolio."""
        return cls(None, None, lambda: CAPS_S, lambda: BLOCK_MS, LOOK_S)

    @classmethod
    def of_many(cls, redis: RedisServer, portfolios: Callable[[], int]) -> WatchPace:
        """Return that of one of so many portfolios."""

        def looks_s() -> float:
            return max(CAPS_S, portfolios() / LOOKS_A_SECOND)

        return cls(
            redis.logs.reads() if redis.logs else None,
            redis.inputs.reads() if redis.inputs else None,
            looks_s,
            lambda: round(1000 * looks_s()),
            LONGEST_LAPSE_LOOK_S,
        )
