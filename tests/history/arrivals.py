"""Arrivals: who has come to the newest revision on an open stream, since somebody began to look.

Not all at one moment: a subscriber that takes a second of silence for the end of a server opens another stream each
second, and of ten of them there is nearly always one between two streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from history.model import Position, Subscriber


class RecordedSubscriber(Protocol):
    """Whatever subscribes and writes down what it is sent."""

    @property
    def is_open(self) -> bool:
        """Whether a stream is open that has brought a message."""
        ...

    @property
    def position(self) -> Position | None:
        """The last place that it has come to."""
        ...

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        ...

    async def run(self) -> None:
        """Subscribe until cancelled."""
        ...


class Arrivals:
    """State of one wait: it looks again and again."""

    def __init__(self) -> None:
        self._arrived: set[RecordedSubscriber] = set()

    def missing(self, subscribers: Sequence[RecordedSubscriber], newest: Position) -> list[RecordedSubscriber]:
        """Look at everybody, and return who has not been seen on an open stream since it last came to the newest."""
        for each in subscribers:
            if each.position != newest:
                self._arrived.discard(each)
            elif each.is_open:
                self._arrived.add(each)
        return [each for each in subscribers if each not in self._arrived]
