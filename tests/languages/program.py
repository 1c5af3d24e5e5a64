"""A running program of a client library in another language, recorded as a subscriber and as who reads `newest`."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from history.history_recorder import HistoryRecorder
from history.model import Answer, Delivery, End, FeedbackMessage, Opening, Position, Status, Stream, Subscriber
from languages.told_lines import feedback_of_line

_LONGEST_LINE = 1 << 20
_ENDS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Library:
    """A client library, by the program that prints what it hands out.

    Attributes:
        name: for messages.
        command: starts the program; one argument more is what it is asked for, as JSON.
        transport: which of its transports, where there are several.
    """

    name: str
    command: tuple[str, ...]
    transport: str = ""


class Program:
    """Follows the service until it is cancelled. What the library goes on across is one stream here.

    Args:
        library: which library.
        addresses: the servers.
        delivery: what to ask for.
        recorder: what it is part of.
        heartbeat_ms: longest silence to allow, milliseconds; None: as the library sees fit.
        newest_every_ms: how often it prints `newest` too; None: never.
    """

    def __init__(
        self,
        library: Library,
        addresses: tuple[str, ...],
        delivery: Delivery,
        recorder: HistoryRecorder,
        *,
        heartbeat_ms: int | None = None,
        newest_every_ms: int | None = None,
    ) -> None:
        self.name = f"{library.name} {library.transport} {delivery.value}".replace("  ", " ")
        self.position: Position | None = None
        """The last place that it has come to."""
        self.is_open = False
        """Whether the last event was a message."""
        self.heard_ms = 0.0
        """When the last message came."""
        self.away_s: list[float] = []
        """How long it heard nobody each time, from when it told so, seconds."""
        self.lost_to: dict[str, int] = {}
        """How often it was disconnected, by the error and its reason."""
        self.exit_code: int | None = None
        """What it ended with, once its input had ended; None while it runs."""
        self.answers: list[Answer] = []
        """What `newest` gave."""
        asked = {
            "addresses": addresses,
            "delivery": delivery.value,
            "transport": library.transport,
            "heartbeatMs": heartbeat_ms,
            "newestEveryMs": newest_every_ms,
        }
        self._command = (*library.command, json.dumps({key: value for key, value in asked.items() if value}))
        self._delivery = delivery
        self._clock = recorder.clock
        self._budget = recorder.budget
        self._lost_ms: float | None = None
        self._attempted_ms = self._clock.now_ms()
        self._streams: list[Stream] = []
        self._opening = self._open()
        self._messages: list[FeedbackMessage] = []

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        return Subscriber(self.name, (*self._streams, Stream(self._opening, tuple(self._messages))))

    @property
    def revisions(self) -> list[tuple[str, int]]:
        """Epoch and revision of every feedback that came, in order."""
        streams = self.recorded().streams
        messages = [each for stream in streams for each in stream.messages if isinstance(each, FeedbackMessage)]
        return [(each.feedback.position.epoch, each.feedback.position.revision) for each in messages]

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            RuntimeError: it has ended by itself.
        """
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                self.take(json.loads(line))
            raise RuntimeError(f"{self.name} ended with {await process.wait()}")
        finally:
            ending = asyncio.create_task(_end(process))
            while not ending.done():  # who cancels this does so until it has ended
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(ending)
            self.exit_code = process.returncode

    def take(self, told: dict[str, Any]) -> None:
        """Take over a line.

        Raises:
            HistoryTooLongError: there is no room for it.
        """
        self._budget.spend()
        now_ms = self._clock.now_ms()
        match told["event"]:
            case "feedback":
                feedback, skipped = feedback_of_line(told["feedback"])
                self._messages.append(FeedbackMessage(now_ms, feedback, skipped))
                if feedback.position.epoch:
                    self.position = feedback.position
                self._heard(now_ms)
            case "heartbeat":
                self._heard(now_ms)
            case "epochChanged" | "epoch_changed":
                self._begin_again(End(now_ms, "EPOCH_CHANGED", by_observer=True))
            case "disconnected":
                self._lost(f"{told['error']} {told['reason']}".strip())
                self._attempted_ms = now_ms + float(told.get("retryInMs", 0.0))
            case "ended":
                # A refused resume point is the library's documented word for what is missing; another error is none.
                self._lost(f"{told['error']} {told['reason']}".strip())
                self._attempted_ms = now_ms
                self._begin_again(End(now_ms, told["error"], told["message"], by_observer="Resume" in told["error"]))
            case "newest":
                self._reads(told["feedback"], now_ms)

    def _heard(self, now_ms: float) -> None:
        if self._lost_ms is not None:
            self.away_s.append((now_ms - self._lost_ms) / 1_000)
            self._lost_ms = None
        self.heard_ms = now_ms
        self.is_open = True

    def _lost(self, to: str) -> None:
        self.is_open = False
        self.lost_to[to] = self.lost_to.get(to, 0) + 1
        if self._lost_ms is None:
            self._lost_ms = self._clock.now_ms()

    def _reads(self, told: dict[str, Any], now_ms: float) -> None:
        feedback, _ = feedback_of_line(told)
        if feedback.status is Status.STALE:
            # The library withdraws what servers said that it does not hear, whatever its validity, and also that
            # nothing was published yet.
            status = Status.STALE if feedback.position.revision else Status.WARMING_UP
            feedback = replace(feedback, status=status, valid_until_ms=None)
        self.answers.append(Answer(f"{self.name} newest", now_ms, now_ms, feedback))

    def _begin_again(self, end: End) -> None:
        self._streams.append(Stream(self._opening, tuple(self._messages), end))
        self._opening, self._messages = self._open(), []

    def _open(self) -> Opening:
        return Opening(self.name, self._attempted_ms, self._delivery, None)


async def _end(process: Process) -> None:
    """End a program as its users do, by the end of its input, and by force where that is no help."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
