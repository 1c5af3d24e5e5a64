"""Keeps the newest feedback up to date for a program that blocks, in a thread of its own."""

from __future__ import annotations

import logging
import random
import threading
from contextlib import closing, suppress
from time import monotonic, time

from strategic_memory.v1 import service_pb2
from strategic_memory_client.streams.newest import NewestFeedback
from strategic_memory_client.streams.restart_delays import RestartDelays
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings
from strategic_memory_client.transports.synchronous.driver import subscription_events
from strategic_memory_client.transports.synchronous.latch import Latch
from strategic_memory_client.transports.synchronous.transport import SyncTransport
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import FeedbackReceived
from strategic_memory_client.wire.from_wire import answer_from_wire

_logger = logging.getLogger("strategic_memory_client")


class SyncFollower:
    """Follows the service. It does not know the client, or dropping the client would never end the thread."""

    def __init__(self, settings: SubscriptionSettings, transport: SyncTransport, fetch_timeout_s: float) -> None:
        self._settings = settings
        self._transport = transport
        self._fetch_timeout_s = fetch_timeout_s
        self._start_lock = threading.Lock()
        self._is_started = False
        self.newest = NewestFeedback(settings.silence_timeout_s)
        """What was heard."""
        self.has_heard = Latch()
        """Set once a feedback came, or none can come any more."""

    def start(self) -> None:
        """Follow until the transport is closed. Any number of times. Raises ClientClosedError."""
        self._transport.require_open()
        self.newest.follow()
        with self._start_lock:
            if not self._is_started:
                self._transport.start_thread(self._run, "strategic-memory-follow")
                self._is_started = True

    def _run(self) -> None:
        delays = RestartDelays(self._settings.backoff, random.SystemRandom())
        try:
            while not self._transport.closing.is_set():
                began_s = monotonic()
                try:
                    self._follow()
                except Exception:
                    # Whatever it is: safe values, and again. Whoever reads `newest` counts on it to come back.
                    self.newest.expire()
                    delay_s = delays.delay_s(began_s, monotonic())
                    with suppress(Exception):  # a handler or filter of the program may be what fails
                        _logger.exception("following failed by a fault of the program; again in %.2f s", delay_s)
                    self._transport.closing.wait(delay_s)
        finally:
            self.newest.expire()

    def _follow(self) -> None:
        subscription = Subscription(self._settings, random.SystemRandom())
        with closing(subscription_events(subscription, self._transport)) as events:
            for event in events:
                if self.newest.take(event, time(), monotonic()):
                    self._fetch(subscription.address)
                if isinstance(event, FeedbackReceived):
                    self.has_heard.set()

    def _fetch(self, address: str) -> None:
        """Ask the server that vouches for it: another one may know less."""
        request = service_pb2.GetFeedbackRequest()
        try:
            wire = self._transport.call_server(
                lambda connection, within_s: connection.checked(
                    connection.service.GetFeedback(request, timeout=within_s, metadata=connection.metadata)
                ),
                address,
                self._fetch_timeout_s,
            )
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        self.newest.feedback(answer_from_wire(wire), time(), monotonic())
