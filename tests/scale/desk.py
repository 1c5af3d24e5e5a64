"""Desk: many portfolios on several servers with a Redis Cluster, each observed, for faults to be played on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from chaos.server_fleet import ServerFleet
from faults.cluster import ClusterDeployment
from history.channels import ChannelPool
from redis.exceptions import RedisError
from scale.observed_portfolio import PREFIXES, ObservedPortfolio, Observing, prefix_of
from scale.portfolio_file import PortfolioFile
from scale.slot_owners import SlotOwners
from scale.standings import Standing, standings
from scale.until import until

from strategic_memory_client import AsyncStrategicMemoryClient, StrategicMemoryError

_AT_ONCE = 40
"""Portfolios that begin to be observed at once; their subscribers share connections, which take 250 calls each."""
_WITH_CLIENT = 20
"""One in so many portfolios is followed by a program of the client library too."""


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How a desk is set.

    Attributes:
        portfolios: how many are named at first, beside the default one.
        changed: how many of these are taken away, and how many more are named, at each change.
        servers: how many servers.
        shards: how many shards they share the portfolios out by; 1: each may sync all.
        entries_a_second: entries of all portfolios together.
        heartbeat_s: what subscribers ask for, seconds.
        server: further settings of each server.
        prefixes: key prefixes that the file gives some portfolios.
        measured_s: how long what all take is measured, seconds.
    """

    portfolios: int = 200
    changed: int = 10
    servers: int = 3
    shards: int = 1
    entries_a_second: float = 50.0
    heartbeat_s: float = 3.0
    server: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    measured_s: float = 20.0


class Desk:
    """Open while its context is.

    Args:
        settings: how it is set.
        seed: of everything that is drawn.
        folder: for the file of the portfolios and the logs of the servers.
    """

    def __init__(self, settings: DeskSettings, seed: int, folder: Path) -> None:
        self.settings = settings
        self.portfolios: dict[str, ObservedPortfolio] = {}
        """Every portfolio that is observed, by name."""
        self.fleet = ServerFleet(self._restarting)
        self._seed = seed
        self._folder = folder
        self._file = PortfolioFile(folder / "portfolios.toml")
        self._channels: list[ChannelPool] = []

    async def __aenter__(self) -> Self:
        """Start everything, and wait until every portfolio has advice."""
        async with AsyncExitStack() as stack:
            self.cluster = await asyncio.to_thread(ClusterDeployment, prefix_of(""))
            stack.push_async_callback(asyncio.to_thread, self.cluster.close)
            self.owners = SlotOwners(self.cluster)
            names = self.new_names(self.settings.portfolios)
            self._file.write(names, self.settings.prefixes)
            stack.push_async_callback(asyncio.to_thread, self.fleet.close)
            nodes = ",".join(f"{host}:{port}" for host, port in self.cluster.startup_addresses)
            for number in range(self.settings.servers):
                self.fleet.add(self._folder, f"redis+cluster://{nodes}", self._environment(number), None)
            await self.fleet.start()
            stack.push_async_callback(self._close_channels)
            self._observed = await stack.enter_async_context(AsyncExitStack())
            await self.observe(names)
            await self.advised(names)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything; what was observed stays."""
        await self._stack.aclose()

    @property
    def named(self) -> list[ObservedPortfolio]:
        """Those that are named now."""
        return [self.portfolios[name] for name in sorted(self._file.names)]

    def some_to_go(self, but: Collection[str] = ()) -> list[str]:
        """Return names of as many portfolios as change at once; those that a client follows stay."""
        may = [each.name for each in self.named if not each.by_client and each.name not in but]
        return may[: self.settings.changed]

    def new_names(self, count: int) -> list[str]:
        """Return so many names that were never given."""
        first = len(self.portfolios)
        return [f"desk-{number:03}" for number in range(first, first + count)]

    async def observe(self, names: Collection[str], *, are_named: bool = True) -> None:
        """Begin to write to portfolios and to follow them; those that are not named yet are refused for a while."""
        every_s = self.settings.portfolios / self.settings.entries_a_second
        observing = Observing(self.fleet.addresses, self.owners, every_s, self.settings.heartbeat_s)
        waiting = sorted(names)
        while batch := waiting[:_AT_ONCE]:
            del waiting[:_AT_ONCE]
            self._channels.append(ChannelPool())
            begun = [self._observed_portfolio(name, observing, are_named=are_named) for name in batch]
            await asyncio.gather(*(self._observed.enter_async_context(each) for each in begun))
            for each in begun:
                if not are_named:
                    each.unnamed()
                each.begin()

    def name(self, *, more: Collection[str] = (), fewer: Collection[str] = ()) -> None:
        """Write the file anew with more portfolios, and with others no more."""
        for name in more:
            self.portfolios[name].named()
        for name in fewer:
            self.portfolios[name].unnamed()
        self._file.write((self._file.names | set(more)) - set(fewer), self.settings.prefixes)

    async def noticed(self) -> float:
        """Wait until every server names just the portfolios of the file; seconds."""
        waits = await asyncio.gather(*(self._noticed(address) for address in self.fleet.addresses))
        return max(waits)

    async def advised(self, names: Collection[str]) -> float:
        """Wait until everybody who follows these portfolios has been sent advice; seconds."""
        every = [self.portfolios[name] for name in names]
        return await until(lambda: all(each.is_advised for each in every), "every portfolio has advice")

    async def synced(self) -> float:
        """Wait until every portfolio that is named was synced from now on; seconds."""
        from_ms = time.time() * 1_000
        return await self.stands(lambda _, each: each.computed_at_ms >= from_ms, "every portfolio is synced")

    async def stands(self, condition: Callable[[str, Standing], bool], what: str) -> float:
        """Wait until something is true of every portfolio that is named, and of where it stands in Redis; seconds."""

        async def is_so() -> bool:
            try:
                found = await self.standings(self._file.names)
            except (RedisError, OSError):
                return False  # a node is away
            return all(condition(name, each) for name, each in found.items())

        return await until(is_so, what)

    async def standings(self, names: Collection[str]) -> dict[str, Standing]:
        """Look at portfolios in Redis. Raises RedisError or OSError while a node is away."""
        return await asyncio.to_thread(standings, names, self.owners)

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """Note that something is broken on purpose, for all portfolios that are observed now."""
        with ExitStack() as stack:
            for each in self.portfolios.values():
                stack.enter_context(each.recorder.fault(name, recovery_s=5.0))
            yield

    def _observed_portfolio(self, name: str, observing: Observing, *, are_named: bool) -> ObservedPortfolio:
        number = len(self.portfolios)
        by_client = are_named and number % _WITH_CLIENT == 0
        made = ObservedPortfolio(name, number, observing, self._channels[-1], self._seed + number, by_client=by_client)
        self.portfolios[name] = made
        return made

    async def _noticed(self, address: str) -> float:
        wanted = {"", *self._file.names}
        async with AsyncStrategicMemoryClient(address) as client:

            async def has() -> bool:
                try:
                    return {each.name for each in await client.list_portfolios()} == wanted
                except StrategicMemoryError:
                    return False  # it has just been started, or has much else to do

            return await until(has, f"the server at {address} names the portfolios of the file")

    def _environment(self, number: int) -> dict[str, str]:
        shards = self.settings.shards
        shard = {"STRATEGIC_MEMORY_SHARD": f"{number}/{shards}"} if shards > 1 else {}
        file = {"STRATEGIC_MEMORY_PORTFOLIO_FILE": str(self._file.path)}
        return {**PREFIXES, **file, **shard, **self.settings.server}

    def _restarting(self, address: str) -> None:
        for each in self.portfolios.values():
            each.recorder.restarting(address)

    async def _close_channels(self) -> None:
        for each in self._channels:
            await each.close()
