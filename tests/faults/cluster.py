"""ClusterDeployment: a Redis Cluster of three masters, with a replica for the one that holds the keys of interest."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from faults.free_ports import HOST, free_port
from faults.redis_process import RedisProcess, RedisProcessError
from faults.replication import has_copied, replication
from faults.waiting import wait
from redis.crc import key_slot

_MASTERS = 3
_SLOTS = 16_384
_NODE_TIMEOUT_MS = 1_000
_NODE_TIMEOUT_WHILE_ALL_IS_WELL_MS = 10_000
"""A machine that has much else to do keeps a node from answering for longer than the other, with nobody dead."""
# One that was taken for dead for a moment is so for twice the node timeout, and joins again some seconds later.
_WITHIN_S = 60.0
_FAILOVER_GIVEN_UP_S = 6.0
"""A replica that has begun a failover and cannot go through with it gives it up after 5 s, and says nothing."""

_NODE = (
    "cluster-enabled yes",
    "cluster-config-file nodes.conf",
    f"cluster-node-timeout {_NODE_TIMEOUT_WHILE_ALL_IS_WELL_MS}",
    "cluster-replica-validity-factor 0",
    "save 86400 1",
    "appendonly no",
    "repl-diskless-sync yes",
    "repl-diskless-sync-delay 0",
    "repl-timeout 5",
)


class ClusterDeployment:
    """Four processes on loopback, in a temporary folder; all end with its context, or with this process.

    Three masters share the slots. The one that owns `key` has a replica, so that it can be failed over; a master
    without a replica takes the whole cluster down with it, as clusters do by default.

    Args:
        key: a key, or a hash tag such as "{quantum}", whose slot the replicated master owns.
    """

    def __init__(self, key: str = "{quantum}") -> None:
        """Start everything, and wait until every node says that the cluster is well.

        Raises:
            RedisProcessError: something did not start, or the nodes did not agree in time.
        """
        self._slot = key_slot(key.encode())
        self._folder = Path(tempfile.mkdtemp(prefix="strategic-memory-cluster-"))
        self._nodes: list[RedisProcess] = []
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def nodes(self) -> list[RedisProcess]:
        """Every node, those that were killed too."""
        return list(self._nodes)

    @property
    def startup_addresses(self) -> list[tuple[str, int]]:
        """Host and port of every node, for a client to begin with."""
        return [node.address for node in self._nodes]

    @property
    def master(self) -> RedisProcess:
        """The node that owns the slot of the key now. Raises RedisProcessError while nobody knows it."""
        running = self._running()
        owner = self._owner(running[0]) if running else 0
        for node in self._nodes:
            if node.port == owner:
                return node
        raise RedisProcessError("no node of the cluster that runs knows who owns the slot")

    @property
    def replica(self) -> RedisProcess:
        """The replica of that node. Raises RedisProcessError while it has none."""
        port = self.master.port
        for node in self._running():
            if _replicates(node) == port:
                return node
        raise RedisProcessError(f"the owner of the slot, on port {port}, has no replica that runs")

    def wait_for_replication(self, within_s: float = _WITHIN_S) -> None:
        """Wait until the nodes agree who owns the slot, and its replica has everything that it has now."""

        def copied() -> bool:
            return self._agreed_owner() == self.master.port and has_copied(self.master, self.replica)

        wait(copied, within_s, "the replica has copied its master", self._nodes)

    def failover(self, within_s: float = _WITHIN_S) -> None:
        """Make the replica the owner of the slot, in order: it catches up first, and nobody dies."""
        self.wait_for_replication(within_s)
        before, replica = self.master.port, self.replica
        asked_s = -math.inf

        def changed() -> bool:
            nonlocal asked_s
            if self._agreed_owner() not in (before, 0):
                return True
            if time.monotonic() > asked_s + _FAILOVER_GIVEN_UP_S:
                with replica.client() as client:
                    client.execute_command("CLUSTER", "FAILOVER")
                asked_s = time.monotonic()
            return False

        with self._quick_to_fail_over():
            wait(changed, within_s, "the replica has taken over in order", self._nodes)
        self.wait_until_well(within_s)

    def kill_master(self, within_s: float = _WITHIN_S) -> RedisProcess:
        """Kill the owner of the slot with SIGKILL, and wait until its replica has taken over; gives the killed node."""
        killed = self.master
        killed.kill()
        self.wait_until_replaced(killed.port, within_s)
        return killed

    def wait_until_replaced(self, port: int, within_s: float = _WITHIN_S) -> None:
        """Wait until the owner of the slot on a port, which was killed, was replaced by its replica."""
        with self._quick_to_fail_over():
            wait(
                lambda: self._agreed_owner() not in (port, 0),
                within_s,
                "the nodes agree on another owner of the slot",
                self._nodes,
            )
        self.wait_until_well(within_s)

    def wait_until_well(self, within_s: float = _WITHIN_S) -> None:
        """Wait until every node that runs says that the cluster is well, and all agree who owns the slot."""

        def well() -> bool:
            return self._agreed_owner() != 0 and all(_state(node) == "ok" for node in self._running())

        wait(well, within_s, "every node says that the cluster is well", self._nodes)

    def close(self) -> None:
        """End every process, and remove the folder. May be called again."""
        for node in self._nodes:
            node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        for number in range(1, _MASTERS + 2):
            self._nodes.append(RedisProcess(self._folder / f"node-{number}", free_port(), _NODE))
        masters, replica = self._nodes[:_MASTERS], self._nodes[_MASTERS]
        for number, node in enumerate(masters):
            first, last = _SLOTS * number // _MASTERS, _SLOTS * (number + 1) // _MASTERS - 1
            with node.client() as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER", "ADDSLOTS", *range(first, last + 1))
        with masters[0].client() as client:
            for node in self._nodes[1:]:
                client.execute_command("CLUSTER", "MEET", HOST, node.port)
        owner = masters[self._slot * _MASTERS // _SLOTS]
        wait(lambda: self._owner(replica) == owner.port, _WITHIN_S, "the replica knows its master", self._nodes)
        with owner.client() as asked, replica.client() as client:
            client.execute_command("CLUSTER", "REPLICATE", asked.execute_command("CLUSTER", "MYID"))
        self.wait_until_well()
        self.wait_for_replication()

    @contextmanager
    def _quick_to_fail_over(self) -> Iterator[None]:
        """Let the nodes take one of them for dead soon, and ask for votes often, while the context is open."""
        self._set_node_timeout(_NODE_TIMEOUT_MS)
        try:
            yield
        finally:
            self._set_node_timeout(_NODE_TIMEOUT_WHILE_ALL_IS_WELL_MS)

    def _set_node_timeout(self, milliseconds: int) -> None:
        for node in self._running():
            with node.client() as client:
                client.config_set("cluster-node-timeout", milliseconds)

    def _agreed_owner(self) -> int:
        """Return the port of the owner of the slot as every node that runs sees it; 0 while they disagree."""
        owners = {self._owner(node) for node in self._running()}
        return owners.pop() if len(owners) == 1 else 0

    def _running(self) -> list[RedisProcess]:
        return [node for node in self._nodes if node.running]

    def _owner(self, asked: RedisProcess) -> int:
        """Return the port of the node that owns the slot, as a node sees it; 0 when it knows none."""
        with asked.client() as client:
            for first, last, owner, *_ in client.execute_command("CLUSTER SLOTS"):
                if first <= self._slot <= last:
                    return int(owner[1])
        return 0


def _state(node: RedisProcess) -> str:
    with node.client() as client:
        reported: dict[str, str] = client.execute_command("CLUSTER INFO")
        return reported["cluster_state"]


def _replicates(node: RedisProcess) -> int:
    """Return the port of the master that a node replicates; 0 when it is one itself."""
    return int(replication(node).get("master_port", 0))
