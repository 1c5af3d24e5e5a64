"""Keeps the newest feedback up to date for a program with an event loop, in a task."""

from __future__ import annotations

import asyncio
import random
from time import monotonic, time

from strategic_memory.v1 import service_pb2
from strategic_memory_client.async_driver import subscription_events
from strategic_memory_client.async_transport import AsyncTransport
from strategic_memory_client.errors import StrategicMemoryError
from strategic_memory_client.events import FeedbackReceived
from strategic_memory_client.from_wire import feedback_from_wire
from strategic_memory_client.newest import NewestFeedback
from strategic_memory_client.subscription import Subscription
from strategic_memory_client.subscription_settings import SubscriptionSettings


class AsyncFollower:
    """Follows the service."""

    def __init__(self, settings: SubscriptionSettings, transport: AsyncTransport, fetch_timeout_s: float) -> None:
        self._settings = settings
        self._transport = transport
        self._fetch_timeout_s = fetch_timeout_s
        self._is_started = False
        self.newest = NewestFeedback(settings.silence_timeout_s)
        """What was heard."""
        self.has_heard = asyncio.Event()
        """Set once a feedback came."""

    def start(self) -> None:
        """Follow until the transport is closed. Any number of times. Raises ClientClosedError."""
        self._transport.require_open()
        if not self._is_started:
            self._transport.start_task(self._run, "strategic-memory-follow")
            self._is_started = True

    async def _run(self) -> None:
        subscription = Subscription(self._settings, random.SystemRandom())
        try:
            async for event in subscription_events(subscription, self._transport):
                if self.newest.take(event, time(), monotonic()):
                    await self._fetch()
                if isinstance(event, FeedbackReceived):
                    self.has_heard.set()
        finally:
            self.newest.expire()

    async def _fetch(self) -> None:
        request = service_pb2.GetFeedbackRequest()
        try:
            wire = await self._transport.call(
                lambda connection, within_s: connection.service.GetFeedback(request, timeout=within_s),
                self._fetch_timeout_s,
            )
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        self.newest.feedback(feedback_from_wire(wire.feedback), time(), monotonic())
