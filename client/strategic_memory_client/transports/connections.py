"""Connections: one open connection to each server, and when a call had better dial anew; blocking or asynchronous."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from strategic_memory_client.transports.channel_settings import Metadata, Shown, read_shown
from strategic_memory_client.transports.connection_use import ConnectionUse
from strategic_memory_client.values.errors import (
    AccessDeniedError,
    DeadlineExceededError,
    ServiceUnavailableError,
    StrategicMemoryError,
)
from strategic_memory_client.values.options import ClientOptions


@dataclass(frozen=True, slots=True, eq=False)
class Dialled:
    """A connection: to which server, what it shows there, and the calls on it."""

    address: str
    shown: Shown
    use: ConnectionUse

    @property
    def metadata(self) -> Metadata | None:
        """What goes with each call."""
        return self.shown.metadata


DialledT = TypeVar("DialledT", bound=Dialled)


class Connections(Generic[DialledT]):
    """The open connections by address, and those that end with the calls that are under way on them.

    It neither waits nor locks: who shares it between threads locks around each call.

    Args:
        options: what to show when dialling, and how long that may take.
        connect: makes a connection, which becomes one with its first call.
    """

    def __init__(self, options: ClientOptions, connect: Callable[[str, Shown, ConnectionUse], DialledT]) -> None:
        self._options = options
        self._connect = connect
        self._open: dict[str, DialledT] = {}
        self._retired: set[DialledT] = set()

    def dial(self, address: str) -> DialledT:
        """Return a new connection, which is not kept. Raises ServiceUnavailableError when a file cannot be read."""
        try:
            shown = read_shown(self._options)
        except OSError as failure:
            message = f"cannot connect to {address}: a file cannot be read ({failure})"
            raise ServiceUnavailableError(message, address=address) from failure
        return self._connect(address, shown, ConnectionUse(monotonic(), self._options.connect_timeout_s))

    def take(self, address: str) -> DialledT:
        """Return the connection to a server for one call; `give_back` ends that. Raises as `dial`."""
        if address not in self._open:
            self._open[address] = self.dial(address)
        connection = self._open[address]
        connection.use.calls += 1
        return connection

    def give_back(self, connection: DialledT) -> bool:
        """Take that a call is over. Return whether the connection is: the caller closes and forgets it."""
        connection.use.calls -= 1
        return connection.use.is_over

    def forget(self, connection: DialledT) -> None:
        """Take that a connection that was over is closed, or about to be."""
        self._retired.discard(connection)

    def failed(self, connection: DialledT, error: StrategicMemoryError) -> None:
        """Take that a call failed; let the next one dial anew when that shows that this connection is of no use."""
        match error:
            case DeadlineExceededError():
                is_spent = connection.use.unanswered(monotonic(), timed_out=True)
            case ServiceUnavailableError():  # gRPC connects again by itself, with the certificates that it knows
                is_spent = self._is_renewed(connection.shown)
            case AccessDeniedError():  # of a token that is replaced the file may hold the next one
                connection.use.answered()
                is_spent = self._is_renewed(connection.shown)
            case _:
                connection.use.answered()
                is_spent = False
        if is_spent:
            self._retire(connection)

    def left(self, connection: DialledT) -> None:
        """Take that the caller did not wait for the answer."""
        if connection.use.unanswered(monotonic(), timed_out=False):
            self._retire(connection)

    def pop(self) -> DialledT | None:
        """Return a connection that is to be closed and is no longer kept; None once there is none."""
        return self._retired.pop() if self._retired else self._open.popitem()[1] if self._open else None

    def _retire(self, connection: DialledT) -> None:
        if self._open.get(connection.address) is connection:
            # Others may be in the middle of a call on it.
            connection.use.is_retired = True
            self._retired.add(self._open.pop(connection.address))

    def _is_renewed(self, shown: Shown) -> bool:
        try:
            return read_shown(self._options) != shown
        except OSError:
            return False  # in the middle of being renewed: what is known serves until it is there
