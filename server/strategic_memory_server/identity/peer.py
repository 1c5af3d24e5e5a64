"""Who is at the other end of a connection, for as far as one can count by it."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote


def peer_of(name: str) -> str:
    """Return the host of a peer that gRPC names, as "ipv4:10.0.0.7:41234"; what is no address of a host as it is."""
    kind, _, rest = unquote(name).partition(":")
    host = rest.rpartition(":")[0].strip("[]")
    return host_of(host) if host and kind in ("ipv4", "ipv6") else name


def host_of(address: str) -> str:
    """Return what counts as one host of an IP address; what is none as it is.

    Of an IPv6 address the network of 64 bits: a host may have as many addresses as it likes in its own.
    """
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is None:
            return str(ipaddress.ip_network((known, 64), strict=False))
        known = known.ipv4_mapped
    return str(known)
