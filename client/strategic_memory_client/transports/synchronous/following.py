"""The service is followed once, in one thread, for all clients of a process that ask the same of the same servers."""

from __future__ import annotations

import logging
import os
import random
import threading
from contextlib import closing, suppress
from time import monotonic
from typing import Protocol

from strategic_memory_client.streams.arrivals import Arrivals, moment, passed_s
from strategic_memory_client.streams.newest import NewestFeedback
from strategic_memory_client.streams.restart_delays import RestartDelays
from strategic_memory_client.streams.shown import HeldFeedback
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import following_settings
from strategic_memory_client.transports.synchronous.driver import subscription_events
from strategic_memory_client.transports.synchronous.transport import Connection, SyncTransport, Wait
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import Disconnected, FeedbackReceived, SubscriptionEvent
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.wire.from_wire import answer_from_wire

_logger = logging.getLogger("strategic_memory_client")


FollowingKey = tuple[int, tuple[str, ...], ClientOptions]
"""The process, the servers and the options of a client."""


class FollowingReader(Protocol):
    """Whoever reads what is heard. It must neither wait nor call the following back."""

    def show(self, held: HeldFeedback, *, is_connected: bool) -> None:
        """Take what holds from now on, and whether the service is heard just now."""

    def expire(self) -> None:
        """Take that nothing more is shown."""


class Following:
    """Follows the service in a thread of its own for as long as somebody reads it. It knows no client."""

    def __init__(self, key: FollowingKey) -> None:
        self.key = key
        """What its readers have in common."""
        _, addresses, options = key
        self._settings = following_settings(addresses, options)
        self._transport = SyncTransport(addresses, options)
        self._fetch_timeout_s = options.timeout_s
        self._newest = NewestFeedback(self._settings.silence_timeout_s)
        self._arrivals = Arrivals()
        self._is_connected = False
        self._readers: set[FollowingReader] = set()
        # Reentrant: the collector may drop another reader in the middle of anything when the interpreter ends.
        self._lock = threading.RLock()

    def start(self) -> None:
        """Follow until `end`. Raises RuntimeError when there can be no more threads."""
        self._transport.start_thread(self._look, "strategic-memory-looks")
        self._transport.start_thread(self._run, "strategic-memory-follow")

    def add(self, reader: FollowingReader) -> None:
        """Show to one more reader what is known, and what comes."""
        with self._lock:
            self._readers.add(reader)
            reader.show(self._newest.held, is_connected=self._is_connected)

    def remove(self, reader: FollowingReader) -> bool:
        """Show nothing more to a reader; tell whether nobody is left."""
        with self._lock:
            self._readers.discard(reader)
            reader.expire()
            return not self._readers

    def end(self) -> list[Wait]:
        """End the stream, the thread and the connections, soon; return the waits for that."""
        return self._transport.end()

    def _look(self) -> None:
        while not self._transport.closing.is_set():
            self._transport.closing.wait(self._arrivals.look(moment()))

    def _run(self) -> None:
        delays = RestartDelays(self._settings.backoff, random.SystemRandom())
        try:
            while not self._transport.closing.is_set():
                began_s = monotonic()
                try:
                    self._follow()
                except Exception:
                    # Whatever it is: safe values, and again. Whoever reads `newest` counts on it to come back.
                    self._expire()
                    delay_s = delays.delay_s(began_s, monotonic())
                    with suppress(Exception):  # a handler or filter of the program may be what fails
                        _logger.exception("following failed by a fault of the program; again in %.2f s", delay_s)
                    self._transport.closing.wait(delay_s)
        finally:
            self._expire()

    def _follow(self) -> None:
        subscription = Subscription(self._settings, random.SystemRandom())
        with closing(subscription_events(subscription, self._transport)) as events:
            for event in events:
                heard = self._arrivals.heard(moment())
                if self._newest.take(event, heard.wall_s, heard.steady_s):
                    self._fetch(subscription.address)
                self._show(is_connected=self._is_connected_after(event))
                self._arrivals.wait()

    def _is_connected_after(self, event: SubscriptionEvent) -> bool:
        if isinstance(event, FeedbackReceived):
            return True
        return not isinstance(event, Disconnected) and not self._newest.is_warming_up

    def _expire(self) -> None:
        self._newest.expire()
        self._show(is_connected=False)

    def _show(self, *, is_connected: bool) -> None:
        with self._lock:
            self._is_connected = is_connected
            for reader in tuple(self._readers):
                reader.show(self._newest.held, is_connected=is_connected)

    def _fetch(self, address: str) -> None:
        """Ask the server that vouches for it: another one may know less."""
        asked = moment()
        try:
            wire = self._transport.call_server(Connection.get_feedback, address, self._fetch_timeout_s)
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        finally:
            self._arrivals.away(asked, moment())
        now = moment()
        waited_s = passed_s(asked, now)  # no longer than this: it was sent after it was asked for
        self._newest.feedback(answer_from_wire(wire), now.wall_s - waited_s, asked.steady_s)


class Followings:
    """The followings of a process, one for each set of servers and options, for as long as somebody reads it.

    Joining and leaving are safe from several threads at once, and leaving in the middle of either: a signal handler
    may close one client while the thread that it interrupts is about another one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open: dict[FollowingKey, Following] = {}

    def join(self, reader: FollowingReader, addresses: tuple[str, ...], options: ClientOptions) -> Following:
        """Show to a reader what is heard from these servers. Raises RuntimeError when there can be no more threads."""
        key = (os.getpid(), addresses, options)  # a forked process has the entries of its parent, which are dead there
        with self._lock:
            while True:
                following = self._open.get(key)
                if following is None:
                    following = Following(key)
                    following.start()
                    self._open[key] = following
                following.add(reader)
                if self._open.get(key) is following:
                    return following
                following.remove(reader)  # it was closed in between

    def leave(self, reader: FollowingReader, following: Following) -> list[Wait]:
        """Show nothing more to a reader; the last one ends the following. Returns the waits for that."""
        with self._lock:
            is_over = following.remove(reader)
            if is_over and self._open.get(following.key) is following:
                del self._open[following.key]
        return following.end() if is_over else []

    def renew_lock(self) -> None:
        """Take that this process was forked off: whoever held the lock stayed in the other one."""
        self._lock = threading.RLock()


FOLLOWINGS = Followings()
"""Those of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FOLLOWINGS.renew_lock)
