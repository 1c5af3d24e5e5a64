"""How a client connects, waits and retries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_client.backoff import Backoff

DEFAULT_ADDRESS = "127.0.0.1:50051"
"""Where the service listens unless it is told otherwise."""

SHORTEST_KEEPALIVE_S = 20.0
"""The service closes connections that are pinged more often than this."""

SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S = 0.1, 3600.0
"""What the service accepts as a heartbeat interval."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Encrypts the connection. The files are read for every new stream, so a renewed one is taken up."""

    root_certificates: Path | None = None
    """PEM file with the authorities that may vouch for the server. None: the ones that gRPC brings."""
    certificate_chain: Path | None = None
    """PEM file with the certificate that this client shows, if the server asks for one."""
    private_key: Path | None = None
    """PEM file with the key of that certificate."""
    server_name: str | None = None
    """Name that the server's certificate must bear. None: the host of the address."""

    def __post_init__(self) -> None:
        if (self.certificate_chain is None) is not (self.private_key is None):
            raise ValueError("certificate_chain and private_key go together: give both or neither")


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Settings of a client. Raises ValueError for one that cannot work."""

    timeout_s: float = 5.0
    """Seconds that a call may take, over all addresses together, unless the call says otherwise."""
    connect_timeout_s: float = 5.0
    """Seconds that one connection attempt may take."""
    heartbeat_interval_s: float = 15.0
    """Longest silence in seconds between two messages of a stream that is asked for, 0.1 to 3600."""
    missed_heartbeats: int = 3
    """Heartbeats that may fail to come before the server is taken for gone, at least 1."""
    backoff: Backoff = field(default_factory=Backoff)
    """How long to wait between attempts to reach the service."""
    keepalive_time_s: float = 30.0
    """Seconds without traffic after which a connection in use is probed, at least 20."""
    keepalive_timeout_s: float = 10.0
    """Seconds that such a probe may go unanswered before the connection is given up."""
    tls: TlsOptions | None = None
    """Encrypts the connection. None: plain text."""
    max_message_bytes: int = 64 * 1024 * 1024
    """Largest answer that is accepted."""

    def __post_init__(self) -> None:
        for name in ("timeout_s", "connect_timeout_s", "keepalive_timeout_s", "max_message_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, is {getattr(self, name)}")
        if not self.keepalive_time_s >= SHORTEST_KEEPALIVE_S:
            raise ValueError(
                f"keepalive_time_s must be at least {SHORTEST_KEEPALIVE_S:g}, is {self.keepalive_time_s}: "
                "the server closes connections that are probed more often"
            )
        if self.missed_heartbeats < 1:
            raise ValueError(f"missed_heartbeats must be at least 1, is {self.missed_heartbeats}")
        checked_heartbeat_interval(self.heartbeat_interval_s)


def checked_heartbeat_interval(interval_s: float) -> float:
    """Return the interval in seconds; raise ValueError for one that the service would not accept."""
    if not SHORTEST_HEARTBEAT_S <= interval_s <= LONGEST_HEARTBEAT_S:
        raise ValueError(
            f"the heartbeat interval must be from {SHORTEST_HEARTBEAT_S:g} to {LONGEST_HEARTBEAT_S:g} s, "
            f"is {interval_s}"
        )
    return interval_s


def checked_addresses(address: str | Sequence[str]) -> tuple[str, ...]:
    """Return the addresses; raise ValueError when there is none, or for one that is not `host:port`."""
    addresses = (address,) if isinstance(address, str) else tuple(address)
    if not addresses:
        raise ValueError("give at least one address, for example 127.0.0.1:50051")
    for each in addresses:
        host, _, port = each.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 2**16:
            raise ValueError(f"{each!r} is not an address: write host:port, for example 127.0.0.1:50051")
    return addresses
