"""How a client connects, waits and retries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_client.values.backoff import Backoff
from strategic_memory_client.values.option_checks import (
    checked_count,
    checked_file,
    checked_heartbeat_interval,
    checked_portfolio,
    checked_seconds,
    checked_text,
    checked_token,
)
from strategic_memory_client.values.unchanging import Unchanging

DEFAULT_ADDRESS = "127.0.0.1:50051"
"""Where the service listens unless it is told otherwise."""

SHORTEST_KEEPALIVE_S = 20.0
"""The service closes connections that are pinged more often than this."""

_SECONDS = ("timeout_s", "connect_timeout_s", "catch_up_s", "keepalive_timeout_s")


@dataclass(frozen=True, slots=True)
class TlsOptions(Unchanging):
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
        for name in ("root_certificates", "certificate_chain", "private_key"):
            checked_file(f"tls.{name}", getattr(self, name))
        if self.server_name is not None and not checked_text("tls.server_name", self.server_name):
            raise ValueError("tls.server_name must be a name, is empty: None stands for the host of the address")
        if (self.certificate_chain is None) is not (self.private_key is None):
            raise ValueError("certificate_chain and private_key go together: give both or neither")


@dataclass(frozen=True, slots=True)
class ClientOptions(Unchanging):
    """Settings of a client. Raises ValueError for one that cannot work."""

    timeout_s: float = 5.0
    """Seconds that a call may take, over all addresses together, unless the call says otherwise."""
    connect_timeout_s: float = 5.0
    """Seconds that one connection attempt may take."""
    heartbeat_interval_s: float = 15.0
    """Longest silence in seconds between two messages of a stream that is asked for, 0.1 to 3600."""
    missed_heartbeats: int = 3
    """Heartbeats that may fail to come before the server is taken for gone, at least 1."""
    catch_up_s: float = 15.0
    """Seconds that servers which are behind a resume point are given before it is taken for lost."""
    backoff: Backoff = field(default_factory=Backoff)
    """How long to wait between attempts to reach the service."""
    keepalive_time_s: float = 30.0
    """Seconds without traffic after which a connection in use is probed, at least 20."""
    keepalive_timeout_s: float = 10.0
    """Seconds that such a probe may go unanswered before the connection is given up."""
    tls: TlsOptions | None = None
    """Encrypts the connection. None: plain text."""
    token: str | None = field(default=None, repr=False)
    """Tells the service who we are. It is sent over TLS, or to this machine, and nowhere else. None: none is."""
    token_file: Path | None = None
    """File with the token as its only line, in its place. Read for every new stream, so a renewed one is taken up."""
    max_message_bytes: int = 64 * 1024 * 1024
    """Largest answer that is accepted."""
    portfolio: str = ""
    """The portfolio that is asked for. Empty: the default one, the only one of most services."""

    def __post_init__(self) -> None:
        checked: dict[str, float] = {
            **{name: checked_seconds(name, getattr(self, name)) for name in _SECONDS},
            **{name: checked_count(name, getattr(self, name)) for name in ("missed_heartbeats", "max_message_bytes")},
            "keepalive_time_s": checked_seconds(
                "keepalive_time_s", self.keepalive_time_s, lowest_s=SHORTEST_KEEPALIVE_S
            ),
            "heartbeat_interval_s": checked_heartbeat_interval(self.heartbeat_interval_s),
        }
        # Neither gRPC nor timedelta takes the numbers of numpy, nor fractions.
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        checked_portfolio("portfolio", self.portfolio)
        checked_file("token_file", self.token_file)
        if not isinstance(self.backoff, Backoff):
            raise ValueError(f"backoff must be a Backoff, is {self.backoff!r}")
        if self.tls is not None and not isinstance(self.tls, TlsOptions):
            raise ValueError(f"tls must be TlsOptions or None, is {self.tls!r}")
        if self.token is not None:
            checked_token("token", self.token)
            if self.token_file is not None:
                raise ValueError("token and token_file say the same: give one of them")


def checked_options(options: ClientOptions | None) -> ClientOptions:
    """Return the options, those by default for None; raise ValueError for anything else."""
    if options is not None and not isinstance(options, ClientOptions):
        # Not what it is: that may hold a token.
        raise ValueError(f"options must be ClientOptions(...) or None, is of type {type(options).__name__}")
    return options or ClientOptions()
