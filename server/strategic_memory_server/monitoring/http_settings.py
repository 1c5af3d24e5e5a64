"""HttpSettings: where the service listens for HTTP, and under which names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where HTTP is listened for, and what callers may take of it.

    Attributes:
        address: host:port to listen on; port 0 takes a free one.
        hosts: names under which it is reached, beside localhost and the host of the address; "*": any.
        is_metrics_open: whether `/metrics` needs no identity, where callers are known.
        is_port_shared: whether other processes of this service listen on the same port.
        caller_rate: requests a second that one caller may make; 0: any number.
    """

    address: str = "127.0.0.1:8001"
    hosts: tuple[str, ...] = ()
    is_metrics_open: bool = False
    caller_rate: float = 100.0
    is_port_shared: bool = False

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The names, with the host of the address."""
        return (*self.hosts, self.address.rpartition(":")[0])
