"""HistoryRecorder: records a whole history of a running service: its log, its subscribers and its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from history.arrivals import Arrivals, RecordedSubscriber
from history.cancellation import cancel_all
from history.channels import ChannelPool
from history.event_budget import EventBudget
from history.feedback_sampler import FeedbackSampler
from history.from_wire import FeedbackReader
from history.log_recorder import LogRecorder, Where
from history.model import Absence, Answer, Fault, History, Restart
from history.observer_clock import ObserverClock
from history.subscriber_recorder import SubscriberRecorder, SubscriberSettings

_POLL_S = 0.01


class RecordedAnswers(Protocol):
    """Whatever asks for the feedback in force, again and again."""

    answers: list[Answer]

    async def run(self) -> None:
        """Ask until cancelled."""
        ...


class HistoryRecorder:
    """Records while its context is open, in the running event loop: whatever blocks that loop makes messages late.

    Args:
        redis: where the log is: a URL, or a function that finds out who is the master.
        prefix: what its keys start with, without the colon.
        events: how many events the history may hold; each takes about 150 bytes.
        seed: of everything that is drawn.
        portfolio: the portfolio that everybody asks for.
        log_block_ms: longest wait for an entry of the log, milliseconds.
        channels: connections that several recorders share, which somebody else closes; without them it has its own.
    """

    def __init__(
        self,
        redis: Where,
        *,
        prefix: str = "quantum",
        events: int = 1_000_000,
        seed: int = 0,
        portfolio: str = "",
        log_block_ms: int = 20,
        channels: ChannelPool | None = None,
    ) -> None:
        self.clock = ObserverClock()
        self.budget = EventBudget(events)
        self.log = LogRecorder(redis, prefix, self.clock, self.budget, log_block_ms)
        self.portfolio = portfolio
        self.absences: list[Absence] = []
        """When the portfolio was not named."""
        self.subscribers: list[RecordedSubscriber] = []
        self.samplers: list[RecordedAnswers] = []
        self.streamless: list[str] = []
        """Names of subscribers that settled_history waited for in vain: no open stream of theirs was at the newest."""
        self._seed = seed
        self._channels = channels or ChannelPool()
        self._owns_channels = channels is None
        self._reader = FeedbackReader()
        self._tasks: list[asyncio.Task[None]] = []
        self._faults: list[Fault] = []
        self._restarts: list[Restart] = []
        self.shared: tuple[str, ...] = ()
        """Addresses at which several processes answer."""
        self._open_faults: dict[int, Fault] = {}

    async def __aenter__(self) -> Self:
        """Begin with the log, and wait until it was read once, so that nothing is published unseen."""
        self._start(self.log.run())
        await self._until(lambda: self.log.completed_ms > 0, 10.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every subscriber and close every connection; what was recorded stays."""
        await cancel_all(self._tasks)
        if self._owns_channels:
            await self._channels.close()

    def subscribe(self, settings: SubscriberSettings) -> SubscriberRecorder:
        """Add a subscriber."""
        recorder = SubscriberRecorder(
            settings,
            self._channels,
            self._reader,
            self.clock,
            self.budget,
            self._seed + len(self.subscribers),
            self.portfolio,
        )
        self.add_subscriber(recorder)
        return recorder

    def add_subscriber(self, recorder: RecordedSubscriber) -> None:
        """Add a subscriber of another kind."""
        self.subscribers.append(recorder)
        self._start(recorder.run())

    def sample(self, address: str, every_s: float = 0.05) -> FeedbackSampler:
        """Ask a server for the feedback in force, again and again."""
        sampler = FeedbackSampler(
            address, every_s, self._channels, self._reader, self.clock, self.budget, portfolio=self.portfolio
        )
        self.add_answers(sampler)
        return sampler

    def add_answers(self, recorder: RecordedAnswers) -> None:
        """Add somebody of another kind who asks for the feedback in force."""
        self.samplers.append(recorder)
        self._start(recorder.run())

    def restarting(self, address: str) -> None:
        """Note that the server at an address has ended, and is started again from now on."""
        self._restarts.append(Restart(address, self.clock.now_ms()))

    @contextmanager
    def fault(self, name: str, *, recovery_s: float = 1.0) -> Iterator[None]:
        """Note that something is broken on purpose while the context is open.

        Args:
            name: what it is.
            recovery_s: seconds that it may still be felt after it was healed.
        """
        number = len(self._faults) + len(self._open_faults)
        self._open_faults[number] = Fault(name, self.clock.now_ms(), float("inf"))
        try:
            yield
        finally:
            begun = self._open_faults.pop(number)
            self._faults.append(Fault(name, begun.from_ms, self.clock.now_ms() + recovery_s * 1_000))

    def history(self) -> History:
        """Return everything so far.

        Raises:
            HistoryTooLongError: something was left out because there was no room.
        """
        self._raise_failure()
        reading = self.log.reading
        answers = sorted((each for sampler in self.samplers for each in sampler.answers), key=lambda each: each.at_ms)
        return History(
            publishes=tuple(reading.publishes),
            samples=tuple(reading.samples),
            gaps=(*reading.gaps, reading.not_read_yet),
            epochs=tuple(reading.epochs),
            subscribers=tuple(recorder.recorded() for recorder in self.subscribers),
            answers=tuple(answers),
            faults=(*self._faults, *self._open_faults.values()),
            restarts=tuple(self._restarts),
            shared=self.shared,
            portfolio=self.portfolio,
            absences=tuple(self.absences),
        )

    async def settled_history(self, within_s: float = 30.0) -> History:
        """Wait until every subscriber has come to the newest revision, at most so long, and give the history then.

        When some have not come there in time, the history says that they should have, and the checks name them. One
        that is there, but that no server lets in any more, is in `streamless` alone.
        Nothing may be published any more, and everything must be healed.
        """
        now_ms, arrivals = self.clock.now_ms(), Arrivals()

        def missing() -> list[RecordedSubscriber]:
            newest = self.log.reading.newest
            return arrivals.missing(self.subscribers, newest) if newest.revision else []

        def is_settled() -> bool:
            return self.log.completed_ms > now_ms and not self._is_ahead_of_log() and not missing()

        await self._until(is_settled, within_s)
        self.streamless = [each.recorded().name for each in missing()]
        # The log was read after everything else, so nothing is left that was not read yet.
        gaps = tuple(self.log.reading.gaps)
        return replace(self.history(), gaps=gaps, settled_ms=self.clock.now_ms())

    def _is_ahead_of_log(self) -> bool:
        """Whether an answer tells what has yet to be read of the log: the last sync may have been a moment ago."""
        reading = self.log.reading
        last = [sampler.answers[-1].feedback.position for sampler in self.samplers if sampler.answers]
        return any(
            each.revision > reading.newest.revision
            if each.epoch == reading.newest.epoch
            else each.revision > 0 and each.epoch not in reading.epochs
            for each in last
        )

    async def _until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Wait for a condition, at most so long."""
        deadline_ms = self.clock.now_ms() + within_s * 1_000
        while not condition() and self.clock.now_ms() < deadline_ms:
            self._raise_failure()
            await asyncio.sleep(_POLL_S)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _raise_failure(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
