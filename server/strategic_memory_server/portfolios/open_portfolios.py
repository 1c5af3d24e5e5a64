"""OpenPortfolios: the portfolios of a running service, opened and closed as they are named."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import structlog

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.faults.errors import (
    DrainingError,
    LogNotReadError,
    StrategicMemoryError,
    UnknownPortfolioError,
)
from strategic_memory_server.memory.portfolio_name import DEFAULT, NAME
from strategic_memory_server.monitoring.service_state import ServiceState
from strategic_memory_server.portfolios.portfolio import Portfolio
from strategic_memory_server.process.heap import freeze_heap, thaw_heap
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.rpc.served_portfolios import refuse

DRAIN_S = 5.0
"""Longest wait for the streams of a portfolio that is closed, seconds: to tell what was said, and to end."""

OPENED_AT_ONCE = 32
BETWEEN_S = 0.25
"""So many are opened, and others after so long, seconds, at least: each syncs at the interval."""

BEGINS_WITHIN_S = 30.0
"""So long others wait for one that was opened and has not begun, seconds: where the process is given little processor
time, the first ones have advice early, rather than all of them late."""

FIRST_READING_S = 2.0
"""Longest wait for the log and the caps of a portfolio, from when it is opened, seconds of which the process makes use;
five times as long by the clock."""

LOOK_S = 0.01
LONGEST_LOOK_S = 0.05
"""The time between two looks counts as so much of that, at most, seconds: a process that stands still can ask for
nothing meanwhile, and does not take what has come. Where it is slow all the time, the whole counts in the end."""

_NAMES = "the names of the portfolios have"

Make = Callable[[str, PortfolioSettings, AsyncExitStack], Portfolio]
"""Puts a portfolio together; what it opens for it goes on the stack."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Open:
    settings: PortfolioSettings
    portfolio: Portfolio
    stack: AsyncExitStack
    _closes: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End it, once for all who ask: who is cancelled meanwhile breaks nothing off, or its lease would be left."""
        if self._closes is None:
            self._closes = asyncio.create_task(self.stack.aclose(), name="portfolio-closes")
        await asyncio.shield(self._closes)


class OpenPortfolios:
    """Has the default portfolio, which somebody else runs, and any number of others.

    Args:
        default: the default portfolio.
        make: puts another one together.
        may_lead: tells whether this server ever leads a portfolio of a name; others are opened when they are asked for.
        awaits_names: whether others are named: until the first are taken, nobody knows which there are.
    """

    def __init__(
        self,
        default: Portfolio,
        make: Make,
        may_lead: Callable[[str], bool] = lambda name: True,
        *,
        awaits_names: bool = False,
    ) -> None:
        self._make = make
        self._may_lead = may_lead
        self._awaits_names = awaits_names
        self._changing: set[str] = set()
        self._open: dict[str, _Open] = {}
        self._closing: dict[str, _Open] = {}
        self._is_ending = False
        self._served: dict[str, ServedPortfolio] = {DEFAULT: default.served}
        self._default = default
        self._beginning: dict[str, tuple[Portfolio, asyncio.Task[None]]] = {}
        self._begins(DEFAULT, default)
        self._listed: Mapping[str, PortfolioSettings] = {}
        self._names: list[str] = [DEFAULT]

    @property
    def names(self) -> Sequence[str]:
        """All of them, sorted; raises LogNotReadError while nobody knows which there are."""
        if self._awaits_names:
            raise LogNotReadError(_NAMES)
        return self._names

    @property
    def named(self) -> Sequence[str]:
        """All but the default one, sorted, as far as is known."""
        return self._names[1:]

    @property
    def count(self) -> int:
        """How many there are, as far as is known."""
        return len(self._names)

    @property
    def followed(self) -> Iterable[ServedPortfolio]:
        """Those whose logs this server follows just now."""
        return list(self._served.values())

    @property
    def others(self) -> Mapping[str, ServiceState]:
        """The states of all but the default one, by name."""
        return {name: each.portfolio.state for name, each in self._open.items()}

    def at_hand(self, name: str) -> ServedPortfolio | None:
        """Return one that is followed; None: it is not, or there is none of that name."""
        return self._served.get(name) if self._has_begun(name) else None

    def _begins(self, name: str, portfolio: Portfolio) -> None:
        # After a restart all its subscribers come at once: one look is for all of them.
        looking = asyncio.create_task(self._until_begun(name, portfolio), name="portfolio-begins")
        self._beginning[name] = portfolio, looking

    def _has_begun(self, name: str) -> bool:
        """Whether one says what holds: at its start it would say 1.0 over a lower cap for a moment."""
        if name in self._beginning and self._beginning[name][0].is_under_caps:
            del self._beginning[name]
        return name not in self._beginning

    async def find(self, name: str) -> ServedPortfolio:
        """Return one, and follow it from now on; raises as `ServedPortfolios`."""
        while True:
            if name not in self._served:
                if name not in self._listed:
                    return self._refuse(name)
                if self._is_ending:
                    raise DrainingError
                if name in self._changing:
                    raise LogNotReadError
                await self._open_anew(name, self._listed[name])
            served = self._served[name]
            while not self._has_begun(name):
                await asyncio.wait([self._beginning[name][1]])
            # One that was closed meanwhile may have read nothing.
            if self._served.get(name) is served:
                return served

    async def _until_begun(self, name: str, portfolio: Portfolio) -> None:
        """Look again and again for a moment: much has to come together, and little tells of it."""
        left_s, now_s = FIRST_READING_S, asyncio.get_running_loop().time
        whole_from_s = now_s() + 4 * FIRST_READING_S

        def begins() -> bool:
            return self._beginning.get(name, (None,))[0] is portfolio and not self._has_begun(name)

        # What came while the process stood still in the end is taken before the last look.
        while begins() and left_s > -LONGEST_LOOK_S:
            looked_s = now_s()
            await asyncio.sleep(LOOK_S)
            counts_s = LONGEST_LOOK_S if looked_s < whole_from_s else max(left_s, LONGEST_LOOK_S)
            left_s -= min(now_s() - looked_s, counts_s)
        if begins():
            del self._beginning[name]

    def state(self, name: str) -> ServiceState:
        """Return where health looks; raises as `find`."""
        if name == DEFAULT:
            return self._default.state
        if name in self._listed and name not in self._open:
            raise LogNotReadError
        if name not in self._open:
            self._refuse(name)
        return self._open[name].portfolio.state

    def _refuse(self, name: str) -> ServedPortfolio:
        if self._awaits_names and NAME.fullmatch(name):
            raise LogNotReadError(_NAMES)
        return refuse(name, self._names)

    async def take(self, listed: Mapping[str, PortfolioSettings]) -> None:
        """Open those that are named and close those that are not any more; one that is told something else is both."""
        self._listed, self._awaits_names = listed, False
        self._names = [DEFAULT, *sorted(listed)]
        closing = [name for name, each in self._open.items() if listed.get(name) != each.settings]
        if closing:
            await asyncio.gather(*(self._close(name, is_named=name in listed) for name in closing))
            thaw_heap()
        beginning: dict[str, float] = {}
        for name, settings in sorted(listed.items()):
            if name not in self._open and name not in self._changing and self._may_lead(name):
                await self._open_anew(name, settings)
                beginning[name] = asyncio.get_running_loop().time()
                if len(beginning) >= 2 * OPENED_AT_ONCE:
                    await self._let_begin(beginning)
                    freeze_heap()

    async def _let_begin(self, beginning: dict[str, float]) -> None:
        """Wait until half of those that were opened have begun, which are taken out then."""
        now_s = asyncio.get_running_loop().time
        while len(beginning) > OPENED_AT_ONCE:
            await asyncio.sleep(BETWEEN_S)
            for name, opened_s in list(beginning.items()):
                each = self._open.get(name)
                if each is None or each.portfolio.has_begun or now_s() - opened_s > BEGINS_WITHIN_S:
                    del beginning[name]

    async def close(self) -> None:
        """End all that run, as the service ends: their streams have been told already."""
        self._is_ending = True
        # Of those that were not named any more some may have been left while their streams were waited for.
        await asyncio.gather(*(each.close() for each in (*self._open.values(), *self._closing.values())))

    async def _open_anew(self, name: str, settings: PortfolioSettings) -> None:
        stack = AsyncExitStack()
        with _named(name), self._busy_with(name):
            portfolio = self._make(name, settings, stack)
            await stack.enter_async_context(portfolio.running())
            logger.info("Portfolio opened", key_prefix=settings.key_prefix)
        self._open[name] = _Open(settings, portfolio, stack)
        self._served[name] = portfolio.served
        self._begins(name, portfolio)

    async def _close(self, name: str, *, is_named: bool) -> None:
        closed = self._closing[name] = self._open.pop(name)
        del self._served[name]
        self._beginning.pop(name, None)
        # One that is only told something else is there again in a moment.
        ending: StrategicMemoryError = DrainingError() if is_named else UnknownPortfolioError(name, "")
        served = closed.portfolio.served
        served.end(ending)
        with _named(name), self._busy_with(name):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await served.ended()
            await closed.close()
            del self._closing[name]
            logger.info("Portfolio closed; its keys stay", key_prefix=closed.settings.key_prefix)

    @contextmanager
    def _busy_with(self, name: str) -> Iterator[None]:
        """Let nobody else open a portfolio meanwhile."""
        self._changing.add(name)
        try:
            yield
        finally:
            self._changing.discard(name)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let the log lines of what is done, and of tasks that are begun, bear the name of a portfolio."""
    with structlog.contextvars.bound_contextvars(portfolio=name):
        yield
