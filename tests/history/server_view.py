"""ServerView: what each server had said by a time, to whomever."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from history.log_view import LogView
from history.model import FeedbackMessage, History, Message, Position


class ServerView:
    """Knows, for each address, the furthest position that it had told anybody before a time."""

    def __init__(self, history: History, log: LogView) -> None:
        told: dict[str, list[tuple[float, Position]]] = defaultdict(list)
        for address, at_ms, position in _told(history):
            told[address].append((at_ms, position))
        self._times: dict[str, list[float]] = {}
        self._furthest: dict[str, list[Position]] = {}
        for address, sightings in told.items():
            sightings.sort(key=lambda sighting: sighting[0])
            times, furthest = self._times.setdefault(address, []), self._furthest.setdefault(address, [])
            for at_ms, position in sightings:
                if not furthest or log.rank(position) > log.rank(furthest[-1]):
                    times.append(at_ms)
                    furthest.append(position)

    def told_before(self, address: str, at_ms: float) -> Position:
        """Give the furthest position that an address had told before a time; revision 0 when it had told none."""
        index = bisect_left(self._times.get(address, []), at_ms)
        return self._furthest[address][index - 1] if index else Position("", 0)


def position_of(message: Message) -> Position:
    """Give the position that a message tells."""
    return message.feedback.position if isinstance(message, FeedbackMessage) else message.position


def _told(history: History) -> Iterator[tuple[str, float, Position]]:
    for answer in history.answers:
        yield answer.address, answer.at_ms, answer.feedback.position
    for subscriber in history.subscribers:
        for stream in subscriber.streams:
            for message in stream.messages:
                yield stream.opening.address, message.at_ms, position_of(message)
