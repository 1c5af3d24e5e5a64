"""ObservedPortfolio: one portfolio of many, with a producer, those who follow it, and the history of what they hear."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from chaos.client_history import ClientHistory
from chaos.client_recorders import OPTIONS, AsyncClientRecorder
from chaos.observer_client import ObserverClient
from chaos.producer import Producer
from history.cancellation import cancel_all
from history.channels import ChannelPool
from history.history_recorder import HistoryRecorder
from history.model import Absence, Delivery
from history.resume_policy import Backoff
from history.subscriber_recorder import SubscriberSettings
from scale.slot_owners import SlotOwners

REFUSED = "NOT_FOUND"
"""Name of the status that says that there is no such portfolio."""

_LOG_BLOCK_MS = 2_000
_SAMPLE_S = 3.0
_BACKOFF = Backoff(0.1, 1.0)
_EVENTS = 200_000
_AT_FIRST = 4


@dataclass(frozen=True, slots=True)
class Observing:
    """How portfolios are observed.

    Attributes:
        addresses: the servers.
        owners: finds the node that has the keys.
        entries_every_s: mean time between two entries, seconds.
        heartbeat_s: what subscribers ask for, seconds.
    """

    addresses: tuple[str, ...]
    owners: SlotOwners
    entries_every_s: float
    heartbeat_s: float


class ObservedPortfolio:
    """Observed while its context is open.

    Args:
        name: its name.
        number: of it; which servers are asked first, and what is drawn, follows from that.
        observing: how.
        channels: connections, shared with others.
        seed: of everything that is drawn.
        by_client: whether a program of the client library follows it too. It must stay named then.
    """

    def __init__(
        self, name: str, number: int, observing: Observing, channels: ChannelPool, seed: int, *, by_client: bool
    ) -> None:
        self.name = name
        self.prefix = prefix_of(name)
        self._number = number
        self._observing = observing
        self.by_client = by_client
        where = observing.owners.of(self.prefix)
        self.recorder = HistoryRecorder(
            where,
            prefix=self.prefix,
            events=_EVENTS,
            seed=seed,
            portfolio=name,
            log_block_ms=_LOG_BLOCK_MS,
            channels=channels,
        )
        self._writing = ObserverClient(where)
        self.producer = Producer(self._writing, self.prefix, seed, observing.entries_every_s)
        self._production: list[asyncio.Task[None]] = []
        self._unnamed = ExitStack()

    async def __aenter__(self) -> Self:
        """Begin with its log; nobody asks about it yet."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._writing.close)
            stack.push_async_callback(self.stop_producing)
            await stack.enter_async_context(self.recorder)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everybody; what was recorded stays."""
        await self._stack.aclose()

    def begin(self) -> None:
        """Let it be written to, and followed by one subscriber of each delivery, on servers that differ."""
        observing, addresses = self._observing, self._observing.addresses
        self._production = [asyncio.create_task(self._produce())]
        for place, delivery in enumerate(Delivery, self._number):
            turned = addresses[place % len(addresses) :] + addresses[: place % len(addresses)]
            self.recorder.subscribe(
                SubscriberSettings(
                    f"{self.name} {delivery.value}",
                    turned,
                    delivery,
                    observing.heartbeat_s,
                    send_current=delivery is Delivery.LATEST and bool(self._number % 2),
                    backoff=_BACKOFF,
                )
            )
        if self.by_client:
            options = replace(OPTIONS, portfolio=self.name, heartbeat_interval_s=observing.heartbeat_s)
            history = ClientHistory(f"{self.name} client", Delivery.EVERY, self.recorder.clock, self.recorder.budget)
            self.recorder.add_subscriber(AsyncClientRecorder(addresses, history, Delivery.EVERY, options))
        self.recorder.sample(addresses[self._number % len(addresses)], _SAMPLE_S)

    async def _produce(self) -> None:
        """Write enough for advice at once, and then now and then."""
        for _ in range(_AT_FIRST):
            await self.producer.write()
        await self.producer.run()

    async def stop_producing(self) -> None:
        """Write no more."""
        await cancel_all(self._production)

    @property
    def is_advised(self) -> bool:
        """Whether everybody has been sent a revision, and has a stream open."""
        return all(each.is_open and each.position and each.position.revision for each in self.recorder.subscribers)

    @property
    def refusals(self) -> list[int]:
        """How often each who follows it has been told that there is no such portfolio."""
        followers = (each.recorded() for each in self.recorder.subscribers)
        return [
            sum(stream.end is not None and stream.end.code == REFUSED for stream in each.streams) for each in followers
        ]

    def unnamed(self) -> None:
        """Note that it is about to be named no more, or has not been named yet."""
        self.recorder.absences.append(Absence(self.recorder.clock.now_ms()))
        self._unnamed.enter_context(self.recorder.fault("not named"))

    def gone(self) -> None:
        """Note that every server has noticed."""
        self._absence(gone_ms=self.recorder.clock.now_ms())

    def named(self) -> None:
        """Note that it is about to be named."""
        self._absence(until_ms=self.recorder.clock.now_ms())

    def known(self) -> None:
        """Note that every server has noticed that it is named."""
        self._absence(known_ms=self.recorder.clock.now_ms())
        self._unnamed.close()

    def _absence(self, **times: float) -> None:
        self.recorder.absences[-1] = replace(self.recorder.absences[-1], **times)


def prefix_of(name: str) -> str:
    """Return what the keys of a portfolio start with: a hash tag of its own, so that portfolios spread over nodes."""
    return f"{{quantum:{name}}}" if name else "{quantum}"


PREFIXES = {
    "STRATEGIC_MEMORY_KEY_PREFIX": prefix_of(""),
    "STRATEGIC_MEMORY_PORTFOLIO_PREFIX": prefix_of("{portfolio}"),
}
"""The same as settings of a server."""
