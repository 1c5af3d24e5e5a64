"""Who is at the other end of a call, for as far as one can count by it."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote


def peer_of(name: str) -> str:
    """Return the host of a peer that gRPC names, as "ipv4:10.0.0.7:41234"; what is no address of a host as it is.

    Of an IPv6 address the network of 64 bits: a host may have as many addresses as it likes in its own.
    """
    kind, _, rest = unquote(name).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return name
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return name
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)
