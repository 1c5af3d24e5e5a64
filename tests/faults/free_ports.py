"""Ports that nobody is given by chance while a fault has closed them."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"

# Below the range from which the kernel takes outgoing ports: one of those, a client that keeps trying to reconnect
# could be given as its own. A Redis Cluster node also listens 10,000 above its port, which stays below it too.
_PORTS = range(10_240, 20_000)
BUS_OFFSET = 10_000
_ATTEMPTS = 200


def free_port() -> int:
    """Give a port on loopback that is free, and whose companion for a cluster's bus is free as well.

    Raises:
        OSError: none was found.
    """
    source = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = source.choice(_PORTS)
        if _is_free(port) and _is_free(port + BUS_OFFSET):
            return port
    raise OSError(f"no free port between {_PORTS.start} and {_PORTS.stop} was found on {HOST}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
