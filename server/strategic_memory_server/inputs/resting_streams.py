"""RestingStreams: whether the streams are what they were when all windows were read from them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from strategic_memory_server.inputs.bookmark import digest_of_info
from strategic_memory_server.inputs.stream_follower import StreamFollower
from strategic_memory_server.redis_access.redis_clock import ASK_TIME, RedisClock
from strategic_memory_server.redis_access.round_trip import Reply

REST_S = 600.0
"""Longest time after which they are read again, whatever is told of them, seconds."""


@dataclass(slots=True)
class AskedAhead:
    """What a load is told before it begins.

    Attributes:
        commands: what to send: those that read the values, ASK_TIME, and those that tell what the streams are like.
        asked_s: when, by `time.monotonic`.
        asked_ms: when, as the clock of Redis counts.
        replies: to the commands, in their order.
    """

    commands: Sequence[bytes]
    asked_s: float
    asked_ms: int
    replies: Sequence[Reply] = ()


class RestingStreams:
    """Compares all that XINFO says of a stream: entries do not change without it.

    Args:
        followers: of the streams.
        ask_values: reads the values that are read with them.
        clock: the clock of Redis.
    """

    def __init__(self, followers: Sequence[StreamFollower], ask_values: Sequence[bytes], clock: RedisClock) -> None:
        self._followers = followers
        self._clock = clock
        self._commands = [*ask_values, ASK_TIME, *(follower.ask_info for follower in followers)]
        self._looked_like: list[int | None] | None = None
        self._until_s = 0.0

    def forget(self) -> None:
        """Take nothing for granted: they are being read."""
        self._looked_like = None

    def were_read(self, now_s: float) -> None:
        """Take note that all windows were read, from what each stream was like when that began at `now_s`."""
        self._looked_like, self._until_s = [each.looked_like for each in self._followers], now_s + REST_S

    def ask(self) -> AskedAhead | None:
        """Return what tells whether anything is new; None: they are to be read in any case."""
        now_s = time.monotonic()
        if self._looked_like is None or now_s >= self._until_s:
            return None
        return AskedAhead(self._commands, now_s, self._clock.elapsed_ms())

    def are_told_unchanged(self, ahead: AskedAhead) -> bool:
        """Read the replies; where nothing is new, the followers take note of that."""
        infos = ahead.replies[-len(self._followers) :]
        if ahead.commands is not self._commands:
            return False
        if self._looked_like is None or [digest_of_info(info) for info in infos] != self._looked_like:
            return False
        for follower in self._followers:
            follower.rest()
        return True
