"""Finders: which server takes writes now, asked of sentinels or of the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import redis.asyncio as redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from strategic_memory_server.redis_access.redis_location import Address

Ask = Callable[[Address], redis.Redis]
"""Makes a client of one sentinel or node; it is closed after use."""

ReplyReader = Callable[[Any, Address], Address | None]
"""Reads a reply of the one who was asked; None when it does not know."""


class PrimaryFinder(Protocol):
    """Finds the server to connect to, once for each connection."""

    checks_role: bool
    """Whether a server that was found must still say itself that it is a master."""

    async def find(self) -> Address:
        """Ask for it.

        Raises:
            redis.exceptions.ConnectionError: nobody who can be reached knows; the text says what each answered.
        """
        ...

    def mistaken(self, hint: Address | None = None) -> None:
        """Be told that what was found last is not it, and perhaps who knows better: ask in another order next time."""
        ...


class _Asking:
    """Asks addresses in order until one knows. The one that knew stays first, one that did not goes last."""

    def __init__(self, ask: Ask, addresses: Sequence[Address], question: str) -> None:
        self._ask = ask
        self._question = question
        self.addresses = list(addresses)

    async def first(self, command: Sequence[str], answer: ReplyReader) -> Address:
        failures = []
        for address in tuple(self.addresses):
            try:
                async with self._ask(address) as client:
                    execute: Callable[..., Awaitable[Any]] = client.execute_command
                    found = answer(await execute(*command), address)
            except (RedisError, OSError) as error:
                failures.append(f"{_text(address)}: {type(error).__name__}: {error}")
            else:
                if found is not None:
                    return found
                failures.append(f"{_text(address)}: does not know")
            self.later(address)
        # In whichever order they were asked: the same failure is in the log once.
        raise RedisConnectionError(f"{self._question}: {'; '.join(sorted(failures))}")

    def later(self, address: Address) -> None:
        # While one was waited for, another connection may have learnt which nodes there are now.
        if address in self.addresses:
            self.addresses.remove(address)
            self.addresses.append(address)


class SentinelFinder:
    """Finds the master of a service.

    Args:
        ask: makes a client of a sentinel.
        sentinels: host and port of each.
        service_name: what they call the master.
    """

    checks_role = True

    def __init__(self, ask: Ask, sentinels: Sequence[Address], service_name: str) -> None:
        self._service_name = service_name
        self._asking = _Asking(ask, sentinels, f"no sentinel names a master for {service_name}")

    async def find(self) -> Address:
        """Ask the sentinels one after the other."""
        return await self._asking.first(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service_name), _master_of)

    def mistaken(self, hint: Address | None = None) -> None:
        """Ask another sentinel first next time: this one may be cut off from the others."""
        self._asking.later(self._asking.addresses[0])


class ClusterFinder:
    """Finds the node that owns the slot of a key prefix with a hash tag, so of every key under it.

    Args:
        ask: makes a client of a node.
        nodes: host and port of those to begin with; more are learnt from them.
        prefix: the key prefix.
    """

    checks_role = False

    def __init__(self, ask: Ask, nodes: Sequence[Address], prefix: str) -> None:
        self._slot = key_slot(prefix.encode())
        self._given = tuple(nodes)
        self._asking = _Asking(ask, nodes, f"no node of the cluster says who owns slot {self._slot}")

    async def find(self) -> Address:
        """Ask the nodes one after the other."""
        return await self._asking.first(("CLUSTER", "SLOTS"), self._owner)

    async def primaries(self) -> list[Address]:
        """Return every node that owns slots; raises as `find`."""
        owners: list[Address] = []

        def answer(reply: Sequence[Sequence[Any]], asked: Address) -> Address | None:
            owners[:] = dict.fromkeys(_node(owner, asked) for _, _, owner, *_ in reply)
            return self._owner(reply, asked)

        await self._asking.first(("CLUSTER", "SLOTS"), answer)
        return owners

    def mistaken(self, hint: Address | None = None) -> None:
        """Ask the node that was hinted at first, or another than now."""
        asking = self._asking
        if hint is None:
            asking.later(asking.addresses[0])
            return
        asking.addresses = [hint, *(address for address in asking.addresses if address != hint)]

    def _owner(self, reply: Sequence[Sequence[Any]], asked: Address) -> Address | None:
        nodes = [_node(node, asked) for _, _, *nodes in reply for node in nodes]
        known = [asked, *nodes, *self._given]
        self._asking.addresses = list(dict.fromkeys(known))
        for first, last, owner, *_ in reply:
            if first <= self._slot <= last:
                return _node(owner, asked)
        return None


def _master_of(reply: Sequence[bytes] | None, _asked: Address) -> Address | None:
    return (reply[0].decode(), int(reply[1])) if reply else None


def _node(node: Sequence[Any], asked: Address) -> Address:
    """Read one node of a CLUSTER SLOTS reply; one without a host is where the asked one is."""
    host, port, *_ = node
    return (host.decode() if host else asked[0], int(port))


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
