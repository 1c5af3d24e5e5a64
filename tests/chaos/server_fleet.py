"""ServerFleet: several real servers on one Redis, each at an address that stays the same when it is started again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chaos.deadline import NotInTimeError
from faults.tcp_proxy import TcpProxy
from processes import ServiceProcess, service_environment


class Server:
    """One server, which may be ended and started again at its address.

    Args:
        name: for messages and for the folder of its logs.
        folder: where the logs of each start go.
        environment: its settings; what is changed counts from the next start on.
        link: the proxy between it and Redis, if there is one.
        restarting: is told the address before the server is started again.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        environment: dict[str, str],
        link: TcpProxy | None,
        restarting: Callable[[str], None],
    ) -> None:
        self.name = name
        self.link = link
        self.environment = environment
        self.address = ""
        """host:port of its gRPC side."""
        self._folder = folder
        self._restarting = restarting
        self._processes: list[ServiceProcess] = []
        self._workers: set[int] = set()

    @property
    def has_workers(self) -> bool:
        """Whether it is several processes."""
        return "STRATEGIC_MEMORY_WORKERS" in self.environment

    def workers(self) -> set[int]:
        """Return the ids of its workers that run."""
        now = set(self.process.session()) - {self.process.pid} if self.has_workers else set()
        self._workers |= now
        return now

    def runs_as(self, pid: int) -> bool:
        """Tell whether a process is this server, as it was started last, or one of its workers."""
        return pid == self.process.pid or pid in self.workers()

    @property
    def process(self) -> ServiceProcess:
        """The process that was started last."""
        return self._processes[-1]

    @property
    def pids(self) -> set[int]:
        """Ids of every process that it ever was."""
        if self.has_workers:
            self.workers()
        return {process.pid for process in self._processes} | self._workers

    async def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            NotInTimeError: it did not become ready, or ended.
        """
        folder = self._folder / f"{self.name}-start-{len(self._processes) + 1}"
        folder.mkdir(parents=True)
        environment = dict(self.environment)
        if self.address:
            self._restarting(self.address)
            environment["STRATEGIC_MEMORY_GRPC_ADDRESS"] = self.address
        process = ServiceProcess(folder, service_environment(environment))
        self._processes.append(process)
        try:
            await asyncio.to_thread(process.ready_line)
        except pytest.fail.Exception as error:
            raise NotInTimeError(f"{self.name} did not start: {error}") from None
        self.address = process.grpc_address

    async def kill(self) -> None:
        """End it with SIGKILL."""
        await asyncio.to_thread(self.process.kill)

    async def terminate(self) -> None:
        """End it with SIGTERM, and wait.

        Raises:
            NotInTimeError: it did not end.
        """
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait)
        except pytest.fail.Exception as error:
            raise NotInTimeError(f"{self.name} did not end: {error}") from None

    def close(self) -> None:
        """End every process, and the proxy."""
        for process in self._processes:
            process.kill()
        if self.link is not None:
            self.link.close()


class ServerFleet:
    """Servers on one Redis.

    Args:
        restarting: is told the address before a server is started again.
    """

    def __init__(self, restarting: Callable[[str], None]) -> None:
        self.servers: list[Server] = []
        self._restarting = restarting

    def add(self, folder: Path, redis_url: str, environment: dict[str, str], proxy_target: str | None) -> Server:
        """Add a server, not yet started; with a target, a proxy of its own stands between it and Redis."""
        link = None
        if proxy_target is not None:
            link = TcpProxy(proxy_target, seed=len(self.servers))
            redis_url = urlsplit(redis_url)._replace(netloc=link.address).geturl()
        name = f"server-{len(self.servers) + 1}"
        server = Server(name, folder, {**environment, "REDIS_URL": redis_url}, link, self._restarting)
        self.servers.append(server)
        return server

    async def start(self) -> None:
        """Start them all at once."""
        await asyncio.gather(*(server.start() for server in self.servers))

    @property
    def addresses(self) -> tuple[str, ...]:
        """host:port of every server."""
        return tuple(server.address for server in self.servers)

    def of_pid(self, pid: int) -> Server | None:
        """Return the server that a process belongs to, or did."""
        return next((server for server in self.servers if pid in server.pids), None)

    def close(self) -> None:
        """End them all."""
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.callback(server.close)
