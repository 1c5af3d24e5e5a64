"""Threads that wait for a client, and what becomes of those of a `ThreadPoolExecutor` when the program ends.

The interpreter waits for each thread of an executor before it ends anything else; a stream never ends by itself, and a
wait for the newest advice after minutes. Python has no public way to tell these threads, nor to act before that wait.
What is used here it has had since 3.9; where it is missing, such a thread keeps the interpreter until the client is
closed.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import thread as _thread_pool  # before it registers below: the last one is called first
from contextlib import contextmanager, suppress

_all_readers: weakref.WeakSet[StreamReaders] = weakref.WeakSet()
_main_thread_has_ended = threading.Event()


class StreamReaders:
    """The threads that wait for the streams of one client, or for its newest advice."""

    def __init__(self, close: Callable[[], None]) -> None:
        """Call `close`, a method, when the main thread has ended and a thread of an executor waits."""
        self._close = weakref.WeakMethod(close)
        self._threads: set[threading.Thread] = set()
        _all_readers.add(self)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Note that this thread waits."""
        thread = threading.current_thread()
        self._threads.add(thread)
        try:
            if _main_thread_has_ended.is_set():
                self.end_with_main_thread()
            yield
        finally:
            self._threads.discard(thread)

    def end_with_main_thread(self) -> None:
        """Take that the main thread has ended."""
        of_executors = getattr(_thread_pool, "_threads_queues", ())
        close = self._close()
        if close is not None and any(thread in of_executors for thread in list(self._threads)):
            close()


def _main_thread_ends() -> None:
    _main_thread_has_ended.set()
    for readers in list(_all_readers):
        readers.end_with_main_thread()


if (_register := getattr(threading, "_register_atexit", None)) is not None:
    with suppress(RuntimeError):  # the main thread has ended already
        _register(_main_thread_ends)
