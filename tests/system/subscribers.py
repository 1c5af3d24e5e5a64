"""Subscribers of the client library that record what they get: blocking ones in threads, others in an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Protocol, Self

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    ClientOptions,
    Delivery,
    Disconnected,
    EpochChanged,
    Feedback,
    FeedbackReceived,
    ResumePoint,
    StrategicMemoryClient,
    StrategicMemoryError,
    SubscriptionEvent,
)

_END_WITHIN_S = 30.0


class Recording:
    """What one subscription got so far; `error` is what ended it."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.events: list[SubscriptionEvent] = []
        self.error: StrategicMemoryError | None = None

    @property
    def feedbacks(self) -> list[Feedback]:
        """The feedbacks, in the order in which they came."""
        return [event.feedback for event in list(self.events) if isinstance(event, FeedbackReceived)]

    @property
    def newest(self) -> int:
        """The newest revision; -1 before the first."""
        feedbacks = self.feedbacks
        return feedbacks[-1].revision if feedbacks else -1

    @property
    def lost(self) -> list[Disconnected]:
        """The connections that it lost."""
        return [event for event in list(self.events) if isinstance(event, Disconnected)]

    @property
    def changes_of_epoch(self) -> list[EpochChanged]:
        """The changes of epoch that it was told."""
        return [event for event in list(self.events) if isinstance(event, EpochChanged)]


class Subscribers(Protocol):
    """A subscriber for each delivery, with one client."""

    every: Recording
    latest: Recording

    def __enter__(self) -> Self:
        """Start to record."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close the client; the subscriptions end."""
        ...


class BlockingSubscribers:
    """Subscribers of a `StrategicMemoryClient`, a thread each."""

    def __init__(self, addresses: Sequence[str], options: ClientOptions, resume_after: ResumePoint | None) -> None:
        self.every, self.latest = Recording(Delivery.EVERY), Recording(Delivery.LATEST)
        self._resume_after = resume_after
        self._client = StrategicMemoryClient(addresses, options=options)
        self._threads = [threading.Thread(target=self._record, args=(into,)) for into in (self.every, self.latest)]

    def _record(self, into: Recording) -> None:
        try:
            for event in self._client.stream_events(delivery=into.delivery, resume_after=self._resume_after):
                into.events.append(event)
        except StrategicMemoryError as error:
            into.error = error

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        for thread in self._threads:
            thread.join(_END_WITHIN_S)


class LoopSubscribers:
    """Subscribers of an `AsyncStrategicMemoryClient`, in a loop that runs in a thread of its own."""

    def __init__(self, addresses: Sequence[str], options: ClientOptions, resume_after: ResumePoint | None) -> None:
        self.every, self.latest = Recording(Delivery.EVERY), Recording(Delivery.LATEST)
        self._addresses, self._options, self._resume_after = addresses, options, resume_after
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._is_running.set()
        async with AsyncStrategicMemoryClient(self._addresses, options=self._options) as client:
            tasks = [asyncio.create_task(self._record(client, into)) for into in (self.every, self.latest)]
            await self._end.wait()
            await client.aclose()
            await asyncio.gather(*tasks)

    async def _record(self, client: AsyncStrategicMemoryClient, into: Recording) -> None:
        try:
            async for event in client.stream_events(delivery=into.delivery, resume_after=self._resume_after):
                into.events.append(event)
        except StrategicMemoryError as error:
            into.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_running.wait(_END_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_END_WITHIN_S)
