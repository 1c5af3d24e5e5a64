"""Which threads are in the middle of something that closing would have to wait for."""

from __future__ import annotations

import threading


class BusyThreads:
    """Threads mark themselves with `with`. Closing from a signal handler must not wait for what it interrupted."""

    __slots__ = ("_idents",)

    def __init__(self) -> None:
        self._idents: set[int] = set()

    def __enter__(self) -> None:
        self._idents.add(threading.get_ident())

    def __exit__(self, *_: object) -> None:
        self._idents.discard(threading.get_ident())

    @property
    def include_this(self) -> bool:
        """Whether the running thread is one of them."""
        return threading.get_ident() in self._idents
