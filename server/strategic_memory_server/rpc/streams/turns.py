"""Turns: what there is to say, looked at once for all streams that are served in one turn of the event loop.

A change wakes thousands of streams in one turn, and each of them asks for the time, the feedback and its message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from strategic_memory.v1 import service_pb2
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.rpc.wire.message_cache import MessageCache

LONGEST_S = 0.005
"""A turn that lasts longer is followed by another one, seconds."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One of them.

    Attributes:
        now_ms: the time, milliseconds since 1970-01-01 UTC.
        began_s: the same by the clock of the event loop, seconds.
        newest: the newest feedback of the hub: a turn ends with it.
        in_force: what is in force.
        message: the message of it.
    """

    now_ms: int
    began_s: float
    newest: Feedback
    in_force: Feedback
    message: service_pb2.StreamFeedbackResponse


class Turns:
    """Looks at the hub in the running event loop.

    Args:
        clock_ms: gives the time, milliseconds since 1970-01-01 UTC.
        hub: what there is to say.
        messages: makes the messages.
    """

    def __init__(self, clock_ms: Callable[[], int], hub: FeedbackHub, messages: MessageCache) -> None:
        self._clock_ms = clock_ms
        self._hub = hub
        self._messages = messages
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn: Turn | None = None

    def now(self) -> Turn:
        """Return the turn in hand."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        now_s, turn, newest = loop.time(), self._turn, self._hub.newest
        if turn is None or turn.newest is not newest or now_s >= turn.began_s + LONGEST_S:
            now_ms = self._clock_ms()
            in_force = self._hub.in_force(now_ms)
            message = self._messages.delivery(in_force, skipped=0, now_ms=now_ms)
            turn = self._turn = Turn(now_ms, now_s, newest, in_force, message)
            loop.call_soon(self.end)
        return turn

    def end(self) -> None:
        """Look anew from now on. Whoever asks after a change is not told of it again."""
        self._turn = None
