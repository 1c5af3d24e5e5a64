"""SlotOwners: which node of a cluster has the keys of a prefix, for many who ask at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from faults.cluster import ClusterDeployment
from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

_ASK_AGAIN_S = 0.3


class SlotOwners:
    """Asks a node that runs, at most so often. Safe to use from several threads.

    Args:
        deployment: the cluster.
    """

    def __init__(self, deployment: ClusterDeployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._asked_s = float("-inf")
        self._ranges: list[tuple[int, int, int]] = []

    def of(self, prefix: str) -> Callable[[], str]:
        """Return a function that finds out the URL of the owner of a prefix.

        It raises RedisError or OSError while nobody knows it.
        """
        slot = key_slot(prefix.encode())
        return lambda: self._url(slot)

    def port(self, prefix: str) -> int:
        """Return the port of the owner of a prefix; raises as `of`."""
        return self._port(key_slot(prefix.encode()))

    def _url(self, slot: int) -> str:
        return f"redis://127.0.0.1:{self._port(slot)}/0"

    def _port(self, slot: int) -> int:
        with self._lock:
            if time.monotonic() > self._asked_s + _ASK_AGAIN_S:
                self._ask()
                self._asked_s = time.monotonic()
            running = {node.port for node in self._deployment.nodes if node.running}
            for first, last, port in self._ranges:
                if first <= slot <= last and port in running:
                    return port
        raise RedisError("no node that runs has the slot")

    def _ask(self) -> None:
        asked = next(node for node in self._deployment.nodes if node.running)
        with asked.client() as client:
            slots: Any = client.execute_command("CLUSTER SLOTS")
        self._ranges = [(int(first), int(last), int(owner[1])) for first, last, owner, *_ in slots]

    def client(self, prefix: str) -> Redis:
        """Return a client of the owner of a prefix, which answers in bytes; raises as `of`."""
        return Redis.from_url(self.of(prefix)(), socket_timeout=10.0)
