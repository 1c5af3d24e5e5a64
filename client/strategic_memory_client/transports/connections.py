"""Connections: one open connection to each server, and when a call had better dial anew; blocking or asynchronous."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from strategic_memory_client.transports.channel_settings import TlsMaterial, read_tls_material
from strategic_memory_client.transports.connection_use import ConnectionUse
from strategic_memory_client.values.errors import DeadlineExceededError, ServiceUnavailableError, StrategicMemoryError
from strategic_memory_client.values.options import ClientOptions


@dataclass(frozen=True, slots=True, eq=False)
class Dialled:
    """A connection: to which server, with which certificates, and the calls on it."""

    address: str
    tls: TlsMaterial | None
    use: ConnectionUse


DialledT = TypeVar("DialledT", bound=Dialled)


class Connections(Generic[DialledT]):
    """The open connections by address, and those that end with the calls that are under way on them.

    It neither waits nor locks: who shares it between threads locks around each call.

    Args:
        options: with which certificates to dial, and how long that may take. Raises OSError, here and now, when a TLS
            file cannot be read.
        connect: makes a connection, which becomes one with its first call.
    """

    def __init__(
        self, options: ClientOptions, connect: Callable[[str, TlsMaterial | None, ConnectionUse], DialledT]
    ) -> None:
        self._options = options
        self._connect = connect
        self._open: dict[str, DialledT] = {}
        self._retired: set[DialledT] = set()
        self._tls_material()

    def dial(self, address: str) -> DialledT:
        """Return a new connection, which is not kept. Raises ServiceUnavailableError when a TLS file cannot be read."""
        try:
            tls = self._tls_material()
        except OSError as failure:
            message = f"cannot connect to {address}: a TLS file cannot be read ({failure})"
            raise ServiceUnavailableError(message, address=address) from failure
        return self._connect(address, tls, ConnectionUse(monotonic(), self._options.connect_timeout_s))

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
                is_spent = connection.tls is not None and self._is_renewed(connection.tls)
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

    def _is_renewed(self, tls: TlsMaterial) -> bool:
        try:
            return self._tls_material() != tls
        except OSError:
            return False  # in the middle of being renewed: what is known serves until it is there

    def _tls_material(self) -> TlsMaterial | None:
        return None if self._options.tls is None else read_tls_material(self._options.tls)
