"""FeedbackSampler: asks one server for the feedback in force, again and again, and writes down what it answers."""

from __future__ import annotations

import asyncio
from collections import Counter

import grpc
from history.channels import ChannelPool
from history.event_budget import EventBudget
from history.from_wire import FeedbackReader
from history.model import Answer
from history.observer_clock import ObserverClock

from strategic_memory.v1 import service_pb2, service_pb2_grpc


class FeedbackSampler:
    """Calls GetFeedback until it is cancelled, one call after the other.

    Args:
        address: the server.
        every_s: seconds between two calls.
        channels: connections to the servers; it takes one of its own.
        reader: reads feedbacks.
        clock: tells the time of every event.
        budget: bounds what is held.
        timeout_s: how long an answer may take, seconds.
        portfolio: the portfolio to ask for.
    """

    def __init__(
        self,
        address: str,
        every_s: float,
        channels: ChannelPool,
        reader: FeedbackReader,
        clock: ObserverClock,
        budget: EventBudget,
        timeout_s: float = 1.0,
        portfolio: str = "",
    ) -> None:
        self.answers: list[Answer] = []
        self.failures: Counter[str] = Counter()
        """Calls without an answer, by the name of their status."""
        self._address = address
        self._every_s = every_s
        self._channels = channels
        self._reader = reader
        self._clock = clock
        self._budget = budget
        self._timeout_s = timeout_s
        self._request = service_pb2.GetFeedbackRequest(portfolio=portfolio)

    async def run(self) -> None:
        """Ask until cancelled.

        Raises:
            HistoryTooLongError: there is no room for another answer.
        """
        stub = service_pb2_grpc.StrategicMemoryServiceStub(self._channels.channel(self._address, own="sampler"))
        while True:
            asked_ms = self._clock.now_ms()
            try:
                response = await stub.GetFeedback(self._request, timeout=self._timeout_s)
            except grpc.aio.AioRpcError as error:
                self.failures[error.code().name] += 1
            else:
                self._budget.spend()
                feedback = self._reader.read(response.feedback)
                at_ms = self._clock.now_ms()
                self.answers.append(Answer(self._address, asked_ms, at_ms, feedback, response.portfolio))
            await asyncio.sleep(self._every_s)
