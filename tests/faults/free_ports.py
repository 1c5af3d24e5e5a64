"""Ports that nobody is given by chance while a fault has closed them."""

from __future__ import annotations

import random
import socket
import sys

HOST = "127.0.0.1"

# Below the range from which the kernel takes outgoing ports: one of those, a client that keeps trying to reconnect
# could be given as its own. A Redis Cluster node also listens 10,000 above its port, which stays below it too.
_PORTS = range(10_240, 20_000)
BUS_OFFSET = 10_000
_ATTEMPTS = 200

# A socket without a place in the file system stands for each port that was given: it is there until this process ends,
# so no other test process is given the same port before a server listens on it, or while a fault has closed it.
_CLAIM = "\0strategic-memory-tests-port-{}"
_CLAIMS: list[int] = []


def free_port() -> int:
    """Return a port on loopback that is free, and whose companion for a cluster's bus is free as well; each once.

    Raises:
        OSError: none was found.
    """
    source = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = source.choice(_PORTS)
        # A look binds it for a moment, which must be in the way of nobody who has it.
        if _is_claimed(port) and _is_free(port) and _is_free(port + BUS_OFFSET):
            return port
    raise OSError(f"no free port between {_PORTS.start} and {_PORTS.stop} was found on {HOST}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _is_claimed(port: int) -> bool:
    """Claim a port; False: somebody else has. Where there are no such sockets, chance alone keeps ports apart."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(_CLAIM.format(port))
    except OSError:
        claim.close()
        return False
    _CLAIMS.append(claim.detach())
    return True
