"""GrpcSettings: where the service listens for gRPC, and how much it takes on at once."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024

MAX_REQUEST_BYTES = 16 * MIB
"""A million trades in the packed form have nearly as much."""

MAX_IN_HAND_BYTES = 24 * MIB
"""While a request of the largest size is analysed no other is received: so the service stays within 256 MiB."""

MOST_CONNECTIONS = 6_000
"""Each takes some 18 KB, a stream on it 20 more: so many, half of them with a stream, stay within 256 MiB."""

MOST_ENCRYPTED_CONNECTIONS = 1_200
"""Each takes some 72 KB, a stream on it 10 more."""

LARGEST_REQUEST_MIB = 96
"""Three tables of `MAX_WINDOW` entries have 68 MiB in the packed form, and 84 with 10,000 long names in each column."""


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """Where gRPC is listened for, and what callers may take of it.

    Attributes:
        address: host:port to listen on; port 0 takes a free one.
        heartbeat_s: longest silence on a stream whose subscriber does not say otherwise, seconds.
        max_subscribers: streams admitted at once.
        max_connections: connections at once.
        connection_calls: calls in hand at once on a connection.
        max_connection_age_s: after this time, more or less by a tenth, a connection takes no more calls, seconds.
        connection_grace_s: how long the calls in hand may last then before they are cut off, seconds.
        peer_share: share of them that one caller may take.
        caller_rate: calls a second that one caller may make; 0: any number.
        caller_analyses: calls of `Analyze` that one caller may have in hand.
        max_request_bytes: largest request.
        max_in_hand_bytes: all requests for an analysis together that are in hand at once, at least the largest.
        caller_in_hand_bytes: those of one caller, at least the largest.
        stop_grace_s: longest wait for requests in hand when stopping, seconds.
        is_reflection_open: whether reflection needs no identity, where other methods do.
        is_port_shared: whether other processes of this service listen on the same port.
        is_admin_open: whether an operator needs no identity, where nobody is asked for one.
    """

    address: str = "127.0.0.1:50051"
    heartbeat_s: float = 15.0
    max_subscribers: int = 5_000
    peer_share: float = 0.5
    caller_rate: float = 5_000.0
    caller_analyses: int = 64
    max_connections: int = MOST_CONNECTIONS
    connection_calls: int = 250
    max_connection_age_s: float = 3_600.0
    connection_grace_s: float = 10.0
    max_request_bytes: int = MAX_REQUEST_BYTES
    max_in_hand_bytes: int = MAX_IN_HAND_BYTES
    caller_in_hand_bytes: int = MAX_IN_HAND_BYTES
    stop_grace_s: float = 2.0
    is_reflection_open: bool = False
    is_admin_open: bool = False
    is_port_shared: bool = False
