"""One call over several servers, as a state machine: which server to ask next, and for how long."""

from __future__ import annotations

from strategic_memory_client.values.errors import (
    DeadlineExceededError,
    InvalidAnswerError,
    ServiceUnavailableError,
    StrategicMemoryError,
    UnsupportedOperationError,
)


class Failover:
    """Shares the timeout of one call among the servers. Times are seconds on a clock that never goes back."""

    def __init__(self, addresses: tuple[str, ...], preferred: int, timeout_s: float, now_s: float) -> None:
        """Start with the address number `preferred`, which answered last."""
        self._order = tuple((preferred + offset) % len(addresses) for offset in range(len(addresses)))
        self._addresses = addresses
        self._deadline_s = now_s + timeout_s
        self._asked = 0
        self._not_known = ""

    @property
    def address_index(self) -> int:
        """Number of the server to ask now."""
        return self._order[self._asked]

    @property
    def address(self) -> str:
        """Address of the server to ask now."""
        return self._addresses[self.address_index]

    def timeout_s(self, now_s: float) -> float:
        """Return the seconds that the server may take: an equal share of what is left, at least 1 ms."""
        return max(0.001, (self._deadline_s - now_s) / (len(self._order) - self._asked))

    def failed(self, error: StrategicMemoryError) -> None:
        """Go to the next server; raise `error` when there is none, or when it would say the same."""
        # While a service is upgraded, one server does not know yet what the next one does.
        another_may_do = isinstance(
            error, ServiceUnavailableError | DeadlineExceededError | InvalidAnswerError | UnsupportedOperationError
        )
        if not another_may_do or self._asked + 1 == len(self._order):
            if another_may_do and self._not_known:
                # That the last one cannot be reached would hide why the others did not do.
                error.args = (f"{error}{self._not_known}",)
            try:
                raise error
            finally:
                del error  # which would hold this frame, and so itself and the connection, until the collector runs
        if isinstance(error, UnsupportedOperationError):
            self._not_known += f"; {error}"  # not the error, which would hold this frame too
        self._asked += 1
