"""Keeps the newest feedback up to date for a program that blocks, in a thread of its own."""

from __future__ import annotations

import random
import threading
from time import monotonic, time

from strategic_memory.v1 import service_pb2
from strategic_memory_client.errors import StrategicMemoryError
from strategic_memory_client.events import FeedbackReceived
from strategic_memory_client.from_wire import feedback_from_wire
from strategic_memory_client.newest import NewestFeedback
from strategic_memory_client.subscription import Subscription
from strategic_memory_client.subscription_settings import SubscriptionSettings
from strategic_memory_client.sync_driver import subscription_events
from strategic_memory_client.sync_transport import SyncTransport


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
        self.has_heard = threading.Event()
        """Set once a feedback came."""

    def start(self) -> None:
        """Follow until the transport is closed. Any number of times. Raises ClientClosedError."""
        with self._start_lock:
            if not self._is_started:
                self._transport.start_thread(self._run, "strategic-memory-follow")
                self._is_started = True

    def _run(self) -> None:
        subscription = Subscription(self._settings, random.SystemRandom())
        try:
            for event in subscription_events(subscription, self._transport):
                if self.newest.take(event, time(), monotonic()):
                    self._fetch()
                if isinstance(event, FeedbackReceived):
                    self.has_heard.set()
        finally:
            self.newest.expire()

    def _fetch(self) -> None:
        request = service_pb2.GetFeedbackRequest()
        try:
            wire = self._transport.call(
                lambda connection, within_s: connection.service.GetFeedback(request, timeout=within_s),
                self._fetch_timeout_s,
            )
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        self.newest.feedback(feedback_from_wire(wire.feedback), time(), monotonic())
