"""Recorders that are programs of the client library: subscriptions of both clients, and one that reads `newest`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from chaos.client_history import ClientHistory
from chaos.client_values import feedback_of_client
from history.event_budget import EventBudget
from history.model import Answer, Delivery, Position, Status, Subscriber
from history.observer_clock import ObserverClock

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    Backoff,
    ClientClosedError,
    ClientOptions,
    StrategicMemoryClient,
    StrategicMemoryError,
)
from strategic_memory_client import Delivery as ClientDelivery

OPTIONS = ClientOptions(heartbeat_interval_s=0.2, missed_heartbeats=4, backoff=Backoff(0.02, 0.3), timeout_s=2.0)

_DELIVERIES = {Delivery.LATEST: ClientDelivery.LATEST, Delivery.EVERY: ClientDelivery.EVERY}
_LOOK_S = 0.02


class AsyncClientRecorder:
    """A subscription of the asynchronous client."""

    def __init__(
        self,
        addresses: tuple[str, ...],
        history: ClientHistory,
        delivery: Delivery,
        options: ClientOptions = OPTIONS,
    ) -> None:
        self._options = options
        self._addresses = addresses
        self._history = history
        self._delivery = _DELIVERIES[delivery]

    @property
    def position(self) -> Position | None:
        """The last place that it has come to."""
        return self._history.position

    @property
    def is_open(self) -> bool:
        """Whether a stream is open that has brought a message."""
        return self._history.is_open

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        return self._history.recorded()

    async def run(self) -> None:
        """Subscribe until cancelled."""
        async with AsyncStrategicMemoryClient(self._addresses, options=self._options) as client:
            while True:
                try:
                    async for event in client.stream_events(delivery=self._delivery):
                        self._history.take(event)
                except StrategicMemoryError as error:
                    self._history.ended(error)


class SyncClientRecorder:
    """A subscription of the synchronous client, in a thread."""

    def __init__(self, addresses: tuple[str, ...], history: ClientHistory, delivery: Delivery) -> None:
        self._history = history
        self._delivery = _DELIVERIES[delivery]
        self._client = StrategicMemoryClient(addresses, options=OPTIONS)

    @property
    def position(self) -> Position | None:
        """The last place that it has come to."""
        return self._history.position

    @property
    def is_open(self) -> bool:
        """Whether a stream is open that has brought a message."""
        return self._history.is_open

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        return self._history.recorded()

    async def run(self) -> None:
        """Subscribe until cancelled."""
        recording = asyncio.get_running_loop().run_in_executor(None, self._record)
        try:
            await asyncio.shield(recording)
        finally:
            self._client.close()
            await recording

    def _record(self) -> None:
        while True:
            try:
                for event in self._client.stream_events(delivery=self._delivery):
                    self._history.take(event)
            except ClientClosedError:
                return
            except StrategicMemoryError as error:
                self._history.ended(error)
            else:
                return


class NewestRecorder:
    """A program that acts upon `newest` of a client that follows the servers."""

    def __init__(self, name: str, addresses: tuple[str, ...], clock: ObserverClock, budget: EventBudget) -> None:
        self.answers: list[Answer] = []
        self._name = name
        self._addresses = addresses
        self._clock = clock
        self._budget = budget

    async def run(self) -> None:
        """Look again and again until cancelled."""
        async with AsyncStrategicMemoryClient(self._addresses, options=OPTIONS) as client:
            client.follow()
            while True:
                asked_ms = self._clock.now_ms()
                feedback = feedback_of_client(client.newest)
                if feedback.status is Status.STALE:
                    # The client withdraws what servers said that it does not hear, whatever its validity, and also
                    # that nothing was published yet.
                    status = Status.STALE if feedback.position.revision else Status.WARMING_UP
                    feedback = replace(feedback, status=status, valid_until_ms=None)
                self._budget.spend()
                self.answers.append(Answer(self._name, asked_ms, self._clock.now_ms(), feedback))
                await asyncio.sleep(_LOOK_S)
