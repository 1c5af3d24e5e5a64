"""Floods a service of the tests, from a process of its own: `python -m abuse pings 127.0.0.1:50051 --seconds 1`."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import ssl
import sys

from abuse.connections import Target
from abuse.floods import GRPC, HTTP

FLOODS = {**GRPC, **HTTP}


def main() -> int:
    """Flood, and print the number that came of it."""
    parser = argparse.ArgumentParser(prog="abuse", description=__doc__)
    parser.add_argument("flood", choices=FLOODS)
    parser.add_argument("address", help="host:port on loopback")
    parser.add_argument("--own-host", help="address on loopback that it comes from")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the whole (1)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for how long (1)")
    parser.add_argument("--tls", action="store_true", help="over TLS")
    asked = parser.parse_args()
    if not ipaddress.ip_address(asked.address.rpartition(":")[0]).is_loopback:
        parser.error("floods are for services on loopback alone")
    context = None
    if asked.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"] if asked.flood in GRPC else ["http/1.1"])
    target = Target(asked.address, context, asked.own_host)
    sys.stdout.write(f"{asyncio.run(FLOODS[asked.flood](target, asked.scale, asked.seconds))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
