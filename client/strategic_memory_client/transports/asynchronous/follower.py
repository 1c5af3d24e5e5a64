"""Keeps the newest feedback up to date for a program with an event loop, in a task."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing, suppress
from time import monotonic

from strategic_memory_client.streams.arrivals import Arrivals, moment, passed_s
from strategic_memory_client.streams.newest import NewestFeedback
from strategic_memory_client.streams.restart_delays import RestartDelays
from strategic_memory_client.streams.shown import LOOP_ENDED
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings
from strategic_memory_client.transports.asynchronous.driver import subscription_events
from strategic_memory_client.transports.asynchronous.stream import is_being_cancelled
from strategic_memory_client.transports.asynchronous.transport import AsyncConnection, AsyncTransport
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import FeedbackReceived
from strategic_memory_client.wire.from_wire import answer_from_wire

_logger = logging.getLogger("strategic_memory_client")


class AsyncFollower:
    """Follows the service."""

    def __init__(self, settings: SubscriptionSettings, transport: AsyncTransport, fetch_timeout_s: float) -> None:
        self._settings = settings
        self._transport = transport
        self._fetch_timeout_s = fetch_timeout_s
        self._task: asyncio.Task[None] | None = None
        self._looks: asyncio.Task[None] | None = None
        self._arrivals = Arrivals()
        self.newest = NewestFeedback(settings.silence_timeout_s)
        """What was heard."""
        self.has_received = asyncio.Event()
        """Set once a feedback came, or none can come any more."""

    def start(self) -> None:
        """Follow until the transport is closed. Any number of times. Raises ClientClosedError."""
        self._transport.require_open()
        self.newest.follow()
        # Somebody may have cancelled every task of the loop.
        if not _goes_on(self._looks):
            self._looks = self._transport.start_task(self._look, "strategic-memory-looks")
        if not _goes_on(self._task):
            self._task = self._transport.start_task(self._run, "strategic-memory-follow")

    async def _look(self) -> None:
        while not self._transport.closing.is_set():
            await self._transport.wait_for_closing(self._arrivals.look(moment()))

    async def _run(self) -> None:
        me = asyncio.current_task()  # where the collector ends this, no loop runs that could tell
        delays = RestartDelays(self._settings.backoff, random.SystemRandom())
        try:
            while not self._transport.closing.is_set():
                began_s = monotonic()
                try:
                    await self._follow()
                except (Exception, asyncio.CancelledError):
                    if is_being_cancelled():
                        raise
                    # Whatever it is: safe values, and again. Whoever reads `newest` counts on it to come back.
                    self.newest.expire()
                    delay_s = delays.delay_s(began_s, monotonic())
                    with suppress(Exception):  # a handler or filter of the program may be what fails
                        _logger.exception("following failed by a fault of the program; again in %.2f s", delay_s)
                    await self._transport.wait_for_closing(delay_s)
        finally:
            if me is self._task:  # or another one follows already
                self.newest.mute(LOOP_ENDED)

    async def _follow(self) -> None:
        subscription = Subscription(self._settings, random.SystemRandom())
        async with aclosing(subscription_events(subscription, self._transport)) as events:
            async for event in events:
                heard = self._arrivals.heard(moment())
                if self.newest.take(event, heard.wall_s, heard.steady_s):
                    await self._fetch(subscription.address)
                if isinstance(event, FeedbackReceived):
                    self.has_received.set()
                self._arrivals.wait()

    async def _fetch(self, address: str) -> None:
        """Ask the server that vouches for it: another one may know less."""
        asked = moment()
        try:
            wire = await self._transport.call_server(AsyncConnection.get_feedback, address, self._fetch_timeout_s)
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        finally:
            self._arrivals.away(asked, moment())
        now = moment()
        waited_s = passed_s(asked, now)  # no longer than this: it was sent after it was asked for
        self.newest.feedback(answer_from_wire(wire), now.wall_s - waited_s, asked.steady_s)


def _goes_on(task: asyncio.Task[None] | None) -> bool:
    """Tell whether a task runs, and was not cancelled, of which it may not know yet."""
    return task is not None and not task.done() and not task.cancelling()
