"""Whether a connection still carries answers, or the next call had better dial anew."""

from __future__ import annotations


class ConnectionUse:
    """The calls on one connection. Times are seconds on a clock that never goes back.

    What a router, a load balancer or a host that moved has dropped in silence looks open for as long as its socket
    lives: gRPC sends each call into it, and nothing ever comes back. Only who waits for an answer can tell.
    """

    __slots__ = ("_connect_timeout_s", "_dialled_at_s", "_has_answered", "_unanswered", "calls", "is_retired")

    def __init__(self, dialled_at_s: float, connect_timeout_s: float) -> None:
        self._dialled_at_s = dialled_at_s
        self._connect_timeout_s = connect_timeout_s
        self._has_answered = False
        self._unanswered = 0
        self.calls = 0
        """Calls under way."""
        self.is_retired = False
        """Whether new calls go elsewhere; it is closed once nothing is under way on it."""

    @property
    def is_over(self) -> bool:
        """Whether it may be closed."""
        return self.is_retired and self.calls == 0

    def answered(self) -> None:
        """Take that the server was heard."""
        self._has_answered = True
        self._unanswered = 0

    def unanswered(self, now_s: float, *, timed_out: bool) -> bool:
        """Take that a call ended with nothing heard, timed out or left by its caller; tell whether to dial anew.

        A caller may have left for reasons of its own: two in a row say that it was the silence. A connection that
        is still being made is given its time, or calls shorter than that would never see one.
        """
        self._unanswered += 1
        is_made = self._has_answered or now_s - self._dialled_at_s >= self._connect_timeout_s
        return is_made and (timed_out or self._unanswered > 1)
