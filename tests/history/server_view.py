"""ServerView: what each server had said by a time, to whomever."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator

from history.log_view import LogView
from history.model import FeedbackMessage, History, Message, Position

_NOTHING = Position("", 0)


class _Extremes:
    """The highest, or the lowest, of positions that come in the order of time, as it stood before each time."""

    def __init__(self, log: LogView, *, highest: bool) -> None:
        self._log = log
        self._highest = highest
        self._times: list[float] = []
        self._values: list[Position] = []

    def take(self, at_ms: float, position: Position) -> None:
        """Take over a position."""
        rank = self._log.rank
        if self._values and (rank(position) > rank(self._values[-1])) is not self._highest:
            return
        self._times.append(at_ms)
        self._values.append(position)

    def before(self, at_ms: float) -> Position | None:
        """Return what it was before a time; None when nothing had come."""
        index = bisect_left(self._times, at_ms)
        return self._values[index - 1] if index else None


class ServerView:
    """Knows, for each address, the furthest position that it had told anybody before a time.

    A server that was started again knows only what it reads. So what was told at its address before binds it no
    further than the log itself, when that has fallen back. At an address that several share, what one of them has told
    binds no other.
    """

    def __init__(self, history: History, log: LogView) -> None:
        self._log = log
        self._shared = frozenset(history.shared)
        self._starts: dict[str, list[float]] = defaultdict(list)
        for start in sorted(history.restarts, key=lambda each: each.at_ms):
            self._starts[start.address].append(start.at_ms)
        self._told: dict[tuple[str, int], _Extremes] = defaultdict(lambda: _Extremes(log, highest=True))
        self._lowest: dict[tuple[str, int], _Extremes] = {}
        for at_ms, address, position in sorted(_told(history), key=lambda each: each[0]):
            self._told[address, self._life(address, at_ms)].take(at_ms, position)
        for address, starts in self._starts.items():
            for life, start_ms in enumerate(starts, 1):
                self._lowest[address, life] = self._lowest_since(history, start_ms)

    def told_before(self, address: str, at_ms: float) -> Position:
        """Return the position that an address must not fall behind at a time; revision 0 when there is none."""
        furthest = _NOTHING
        if address in self._shared:
            return furthest
        for life in range(self._life(address, at_ms) + 1):
            if life:
                log = self._lowest[address, life].before(at_ms)
                furthest = furthest if log is None else min(furthest, log, key=self._log.rank)
            told = self._told[address, life].before(at_ms)
            furthest = furthest if told is None else max(furthest, told, key=self._log.rank)
        return furthest

    def _life(self, address: str, at_ms: float) -> int:
        """Count the starts of the server at an address by a time, but for the first."""
        return bisect_right(self._starts.get(address, []), at_ms)

    def _lowest_since(self, history: History, start_ms: float) -> _Extremes:
        lowest = _Extremes(self._log, highest=False)
        # The last sample before the start is where the log stood then.
        first = max(0, bisect_right([sample.at_ms for sample in history.samples], start_ms) - 1)
        for sample in history.samples[first:]:
            lowest.take(max(sample.at_ms, start_ms), Position(sample.epoch, sample.newest))
        return lowest


def position_of(message: Message) -> Position:
    """Return the position that a message tells."""
    return message.feedback.position if isinstance(message, FeedbackMessage) else message.position


def _told(history: History) -> Iterator[tuple[float, str, Position]]:
    for answer in history.answers:
        yield answer.at_ms, answer.address, answer.feedback.position
    for subscriber in history.subscribers:
        for stream in subscriber.streams:
            for message in stream.messages:
                yield message.at_ms, stream.opening.address, position_of(message)
