"""One open stream for a program that blocks: its messages one by one, with an end to silence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic

import grpc

from strategic_memory.v1.service_pb2_grpc import StrategicMemoryServiceStub
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.streams.subscription_settings import READ_WITHIN_S
from strategic_memory_client.transports.channel_settings import Metadata
from strategic_memory_client.transports.synchronous.busy_threads import BusyThreads
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback
from strategic_memory_client.wire.from_wire import stream_message_from_wire
from strategic_memory_client.wire.status_table import error_of, silent_server
from strategic_memory_client.wire.to_wire import stream_request


class SilenceGuard:
    """Gives a stream up, in a thread of its own, when it is ended or when one wait for a message takes too long.

    gRPC's blocking iterator has no timeout; and closing a channel waits for gRPC's own threads, so it must be done
    by a thread that holds none of their locks: not by a signal handler, not by the garbage collector.
    """

    def __init__(self, give_up: Callable[[], None], timeout_s: float) -> None:
        self._give_up = give_up
        self._timeout_s = timeout_s
        self._state = threading.Condition()
        self._waiting_until_s: float | None = None
        self._ended = False
        self.has_fired = False
        """Whether the stream was given up because of silence."""
        self._thread = threading.Thread(target=self._run, name="strategic-memory-silence", daemon=True)

    def start(self) -> None:
        """Start to watch. Raises RuntimeError when there can be no more threads."""
        self._thread.start()

    def wait_begins(self) -> None:
        """Start the time of one message."""
        with self._state:
            self._waiting_until_s = monotonic() + self._timeout_s

    def wait_ends(self) -> None:
        """Stop the time: the program is busy with a message, that is not the server's silence."""
        with self._state:
            self._waiting_until_s = None

    def end(self) -> None:
        """Give the stream up, soon. From any thread, any number of times."""
        with self._state:
            self._ended = True
            self._state.notify()

    def join(self, timeout_s: float) -> None:
        """Wait until the stream has been given up, at most `timeout_s` seconds."""
        if self._thread is not threading.current_thread():
            self._thread.join(max(0.0, timeout_s))

    def _run(self) -> None:
        self._watch()
        self._give_up()

    def _watch(self) -> None:
        with self._state:
            while not self._ended:
                now_s = monotonic()
                until_s = now_s + self._timeout_s if self._waiting_until_s is None else self._waiting_until_s
                if until_s > now_s:
                    self._state.wait(until_s - now_s)
                elif not self._state.wait_for(partial(self._is_past, until_s), READ_WITHIN_S):
                    self.has_fired = True
                    return

    def _is_past(self, until_s: float) -> bool:
        """Tell whether this wait is over: its message may have come while the program stood still, and lain unread."""
        return self._ended or self._waiting_until_s != until_s


class SyncStream:
    """An open stream on a connection of its own."""

    def __init__(
        self,
        channel: grpc.Channel,
        metadata: Metadata | None,
        attempt: StreamAttempt,
        silence_timeout_s: float,
        *,
        busy: BusyThreads,
        on_closed: Callable[[SyncStream], None],
    ) -> None:
        """Open it. `on_closed` is called once, when its connection has been closed."""
        self._channel = channel
        self._address = attempt.address
        self._portfolio = attempt.portfolio
        self._silence_timeout_s = silence_timeout_s
        self._busy = busy
        self._on_closed = on_closed
        self._guard = SilenceGuard(self._give_up, silence_timeout_s)
        self._call = StrategicMemoryServiceStub(channel).StreamFeedback(stream_request(attempt), metadata=metadata)
        try:
            self._guard.start()
        except RuntimeError:
            self._end_call()
            raise

    def messages(self) -> Iterator[Feedback | Heartbeat | None]:
        """Yield what comes until the server ends the stream; None is a kind of message not known here.

        Raises StrategicMemoryError.
        """
        while True:
            with self._busy:
                self._guard.wait_begins()
                try:
                    message = next(self._call)
                except StopIteration:
                    return
                except grpc.RpcError as error:
                    if self._guard.has_fired:
                        raise silent_server(self._address, self._silence_timeout_s) from None
                    raise error_of(error, self._address) from error
                finally:
                    self._guard.wait_ends()
            yield stream_message_from_wire(message, self._address, self._portfolio)

    def close(self) -> None:
        """End the stream and its connection, soon. From any thread, any number of times."""
        self._guard.end()

    def join(self, timeout_s: float) -> None:
        """Wait until the connection has been closed, at most `timeout_s` seconds."""
        self._guard.join(timeout_s)

    def _give_up(self) -> None:
        self._end_call()
        self._on_closed(self)

    def _end_call(self) -> None:
        # Under load a cancelled call was seen to leave its reader waiting for ever; a closed channel wakes it.
        self._call.cancel()
        self._channel.close()
