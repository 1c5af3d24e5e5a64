"""SentinelDeployment: a master, a replica and three sentinels that agree on which is which."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis
from faults.free_ports import HOST, free_port
from faults.redis_process import RedisProcess, RedisProcessError
from faults.replication import has_copied, replication
from faults.waiting import wait

MASTER_NAME = "memory"
QUORUM = 2

_SENTINELS = 3
_DOWN_AFTER_MS = 500
_DOWN_AFTER_WHILE_ALL_IS_WELL_MS = 10_000
"""A machine that has much else to do keeps a server from answering for longer than the other, with nobody dead."""
_FAILOVER_TIMEOUT_MS = 3_000
_WITHIN_S = 30.0
_REPLACED_WITHIN_S = 60.0
"""Sentinels try a failover again that came to nothing, after twice its timeout: here is time for several."""

# Sentinels look around every few seconds. Redis 7 lets tests make that faster; an older one is just slower. While a
# master is down they ask its replica only once a second how it is. So five ping periods, the age at which an answer is
# too old to promote a replica by, and four publish periods, after which the others turn a promoted replica back that
# its leader has not announced, must be well above a second.
_FASTER_PERIODS = ("info-period", "300", "publish-period", "500", "ping-period", "300", "ask-period", "100")

# One that was not given the processor for two seconds would do nothing at all for half a minute.
_CALM = ("tilt-trigger", "10000", "tilt-period", "1000")

_DATA = ("save 86400 1", "appendonly no", "repl-diskless-sync yes", "repl-diskless-sync-delay 0", "repl-timeout 5")


class SentinelDeployment:
    """Five processes on loopback, in a temporary folder; all end with its context, or with this process.

    Nothing is written to disk, so a server that is killed and started again has lost everything until it has copied
    the master.
    """

    def __init__(self) -> None:
        """Start everything, and wait until the sentinels know the replica and each other.

        Raises:
            RedisProcessError: something did not start, or they did not find each other in time.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="strategic-memory-sentinel-"))
        self._servers: list[RedisProcess] = []
        self._sentinels: list[RedisProcess] = []
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def sentinel_addresses(self) -> list[tuple[str, int]]:
        """Host and port of each sentinel."""
        return [sentinel.address for sentinel in self._sentinels]

    @property
    def master(self) -> RedisProcess:
        """The server that the sentinels call the master."""
        return self._server_on(self.master_address()[1])

    @property
    def replica(self) -> RedisProcess:
        """The other server."""
        return self._other_than(self.master)

    @property
    def sentinels(self) -> list[RedisProcess]:
        """The sentinels."""
        return list(self._sentinels)

    def master_address(self) -> tuple[str, int]:
        """Ask a sentinel that runs for the host and port of the master. Raises RedisProcessError when none runs."""
        for sentinel in self._sentinels:
            if sentinel.running:
                return _master_by(sentinel)
        raise RedisProcessError("no sentinel runs any more: nobody knows the master")

    def wait_for_replication(self, within_s: float = _WITHIN_S) -> None:
        """Wait until the sentinels agree on the master, and the other server has copied what the master has now."""

        def copied() -> bool:
            master = self._agreed_master()
            return master is not None and has_copied(master, self._other_than(master))

        wait(copied, within_s, "the replica has copied the master", self._servers)

    def failover(self, within_s: float = _REPLACED_WITHIN_S) -> None:
        """Make the replica the master, in order: the sentinels are asked to, and nobody dies.

        They are asked again where they have given it up: what they know of the replica was a second old by the time at
        which they chose, or the replica did not say within the failover timeout that it was promoted.
        """
        self._wait_for_a_good_replica(within_s)
        before = self.master_address()

        def changed() -> bool:
            if self._has_another_master(before):
                return True
            self._order_failover(before)
            return False

        wait(changed, within_s, "the sentinels have made the replica the master", (*self._sentinels, *self._servers))

    def kill_master(self, within_s: float = _REPLACED_WITHIN_S) -> RedisProcess:
        """Kill the master with SIGKILL, and wait until the sentinels have replaced it; gives the killed server."""
        self._wait_for_a_good_replica(within_s)
        killed = self.master
        killed.kill()
        self.wait_until_replaced(killed.port, within_s)
        return killed

    def wait_until_replaced(self, port: int, within_s: float = _REPLACED_WITHIN_S) -> None:
        """Wait until the master on a port, which was killed, was replaced by its replica."""
        with self._quick_to_fail_over():
            wait(
                lambda: self._has_another_master((HOST, port)),
                within_s,
                "the sentinels agree on another master",
                self._sentinels,
            )

    def close(self) -> None:
        """End every process, and remove the folder. May be called again."""
        for process in (*self._sentinels, *self._servers):
            process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        self._servers.append(RedisProcess(self._folder / "server-1", free_port(), _DATA))
        first = self._servers[0].port
        replica_of = f"replicaof {HOST} {first}"
        self._servers.append(RedisProcess(self._folder / "server-2", free_port(), (*_DATA, replica_of)))
        # A sentinel learns of replicas when it first asks the master: one that is there by then is known at once.
        wait(lambda: replication(self._servers[0])["connected_slaves"] == 1, _WITHIN_S, "replication", self._servers)
        for number in range(1, _SENTINELS + 1):
            self._sentinels.append(self._start_sentinel(number, first))
        wait(self._know_each_other, _WITHIN_S, "the sentinels know the replica and each other", self._sentinels)

    def _start_sentinel(self, number: int, master_port: int) -> RedisProcess:
        configuration = (
            f"sentinel monitor {MASTER_NAME} {HOST} {master_port} {QUORUM}",
            f"sentinel down-after-milliseconds {MASTER_NAME} {_DOWN_AFTER_WHILE_ALL_IS_WELL_MS}",
            f"sentinel failover-timeout {MASTER_NAME} {_FAILOVER_TIMEOUT_MS}",
        )
        sentinel = RedisProcess(self._folder / f"sentinel-{number}", free_port(), configuration, ("--sentinel",))
        with sentinel.client() as client, suppress(redis.ResponseError):
            client.execute_command("SENTINEL", "DEBUG", *_FASTER_PERIODS, *_CALM)
        return sentinel

    def _know_each_other(self) -> bool:
        return all(_known_by(sentinel) == (_SENTINELS - 1, 1) for sentinel in self._sentinels)

    def _wait_for_a_good_replica(self, within_s: float) -> None:
        """Wait until every sentinel knows that the replica is one, and well.

        A sentinel that still takes a server that came back for a master would make it a replica again in the midst of
        its promotion, and one that has not heard of it would promote nobody.
        """
        wait(self._have_a_good_replica, within_s, "every sentinel knows that the replica is well", self._sentinels)

    def _have_a_good_replica(self) -> bool:
        return self._agreed_master() is not None and all(map(_has_good_replica, self._running_sentinels()))

    def _has_another_master(self, before: tuple[str, int]) -> bool:
        master = self._agreed_master()
        return master is not None and master.address != before and replication(master)["role"] == "master"

    def _order_failover(self, before: tuple[str, int]) -> None:
        """Ask a sentinel for a failover, unless one is under way or it has come to an end: another would lead back.

        One that was promoted in vain, and not made a replica again yet, may lack what its master has got since.
        """
        asked = self._sentinels[0]
        with asked.client() as client:
            known: Any = client.sentinel_master(MASTER_NAME)
            is_idle = (known["ip"], known["port"]) == before and "failover_in_progress" not in known["flags"]
            if is_idle and self._have_a_good_replica():
                with suppress(redis.ResponseError):  # No replica is good enough yet.
                    client.execute_command("SENTINEL", "FAILOVER", MASTER_NAME)

    @contextmanager
    def _quick_to_fail_over(self) -> Iterator[None]:
        """Let the sentinels take a server for dead soon, while the context is open."""
        self._tell_down_after(_DOWN_AFTER_MS)
        try:
            yield
        finally:
            self._tell_down_after(_DOWN_AFTER_WHILE_ALL_IS_WELL_MS)

    def _tell_down_after(self, milliseconds: int) -> None:
        for sentinel in self._running_sentinels():
            with sentinel.client() as client:
                client.execute_command("SENTINEL", "SET", MASTER_NAME, "down-after-milliseconds", milliseconds)

    def _agreed_master(self) -> RedisProcess | None:
        """Return the server that every sentinel that runs calls the master; None while they disagree."""
        masters = {_master_by(sentinel) for sentinel in self._running_sentinels()}
        return self._server_on(masters.pop()[1]) if len(masters) == 1 else None

    def _running_sentinels(self) -> list[RedisProcess]:
        return [sentinel for sentinel in self._sentinels if sentinel.running]

    def _server_on(self, port: int) -> RedisProcess:
        return next(server for server in self._servers if server.port == port)

    def _other_than(self, server: RedisProcess) -> RedisProcess:
        return next(each for each in self._servers if each is not server)


def _master_by(sentinel: RedisProcess) -> tuple[str, int]:
    with sentinel.client() as client:
        host, port = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
        return str(host), int(port)


def _has_good_replica(sentinel: RedisProcess) -> bool:
    with sentinel.client() as client:
        (replica,) = client.sentinel_slaves(MASTER_NAME)
    down = replica["is_sdown"] or replica["is_odown"] or replica["is_disconnected"]
    return replica["role-reported"] == "slave" and replica["master-link-status"] == "ok" and not down


def _known_by(sentinel: RedisProcess) -> tuple[int, int]:
    """Return how many other sentinels and how many replicas a sentinel knows."""
    with sentinel.client() as client:
        known = client.info("sentinel")["master0"]
        return int(known["sentinels"]) - 1, int(known["slaves"])
