"""OpenPortfolios: nobody is told anything of a portfolio before its log and its caps were read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from strategic_memory.v1 import service_pb2
from strategic_memory_server.faults.errors import (
    DrainingError,
    InvalidRequestError,
    LogNotReadError,
    UnknownPortfolioError,
)
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.portfolios import open_portfolios
from strategic_memory_server.portfolios.open_portfolios import OpenPortfolios
from strategic_memory_server.rpc.portfolio_list import portfolio_page
from strategic_memory_server.waiting.running_tasks import running


class Opened:
    """A portfolio of which nothing was read yet."""

    def __init__(self) -> None:
        self.served: Any = object()
        self.is_under_caps = False
        self.runs = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.runs = True
        yield
        self.runs = False


def never(*_arguments: object) -> NoReturn:
    raise AssertionError("no other one is asked for")


async def test_the_default_one_is_waited_for_until_it_is_under_its_caps() -> None:
    default: Any = SimpleNamespace(served=object(), is_under_caps=False)
    portfolios = OpenPortfolios(default, never)
    assert portfolios.at_hand(DEFAULT) is None
    asked = asyncio.create_task(portfolios.find(DEFAULT))
    await asyncio.sleep(0)
    assert not asked.done()
    default.is_under_caps = True
    async with asyncio.timeout(30):
        assert await asked is default.served
    # A server that has begun goes on, whatever comes.
    default.is_under_caps = False
    assert portfolios.at_hand(DEFAULT) is default.served


async def test_with_redis_away_it_is_waited_for_no_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_portfolios, "FIRST_READING_S", 0.05)
    default: Any = SimpleNamespace(served=object(), is_under_caps=False)
    portfolios = OpenPortfolios(default, never)
    async with asyncio.timeout(30):
        assert await portfolios.find(DEFAULT) is default.served
    assert portfolios.at_hand(DEFAULT) is default.served


async def test_what_came_while_the_process_stood_still_is_taken_before_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_portfolios, "FIRST_READING_S", 0.05)
    default: Any = SimpleNamespace(served=object(), is_under_caps=False)
    portfolios = OpenPortfolios(default, never)
    asked = asyncio.create_task(portfolios.find(DEFAULT))
    await asyncio.sleep(0)
    stand_still_s = 2 * open_portfolios.FIRST_READING_S
    time.sleep(stand_still_s)  # noqa: ASYNC251
    # Some turns of the event loop are between an answer in the socket and a cap that is known.
    asyncio.get_running_loop().call_later(open_portfolios.LOOK_S / 2, setattr, default, "is_under_caps", True)
    async with asyncio.timeout(30):
        await asked
    assert default.is_under_caps, "it would say 1.0 over a lower cap"


async def test_a_process_that_stands_still_before_it_has_asked_gives_it_the_whole_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_portfolios, "FIRST_READING_S", 1.0)

    class Default:
        served, looks = object(), 0

        @property
        def is_under_caps(self) -> bool:
            # After so many a connection is made, and what was asked for on it is read.
            self.looks += 1
            return self.looks > 15

    default: Any = Default()
    portfolios = OpenPortfolios(default, never)
    await asyncio.sleep(0)
    stand_still_s = 1.1 * open_portfolios.FIRST_READING_S
    time.sleep(stand_still_s)  # noqa: ASYNC251
    async with asyncio.timeout(30):
        await portfolios.find(DEFAULT)
    assert default.is_under_caps, "it would say 1.0 over a lower cap"


async def test_a_process_that_is_slow_all_the_time_is_not_waited_for_ten_times_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    real_s, late_s, lag_s = loop.time, 0.0, 10 * open_portfolios.LONGEST_LOOK_S

    async def is_slow() -> None:
        nonlocal late_s
        while True:
            late_s += lag_s
            await asyncio.sleep(open_portfolios.LOOK_S / 2)

    default: Any = SimpleNamespace(served=object(), is_under_caps=False)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: real_s() + late_s)
        began_s = loop.time()
        slow = asyncio.create_task(is_slow())
        async with asyncio.timeout(60):
            await OpenPortfolios(default, never).find(DEFAULT)
        slow.cancel()
        assert loop.time() - began_s < 5 * open_portfolios.FIRST_READING_S + 4 * lag_s


async def test_another_one_is_waited_for_as_well_whoever_opened_it() -> None:
    other: Any = Opened()
    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, lambda *_: other)
    settings: Any = SimpleNamespace(key_prefix="quantum:alpha")
    await portfolios.take({"alpha": settings})
    assert portfolios.at_hand("alpha") is None, "it would say 1.0 over a lower cap"
    asked = [asyncio.create_task(portfolios.find("alpha")) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in asked)
    other.is_under_caps = True
    async with asyncio.timeout(30):
        assert await asyncio.gather(*asked) == [other.served, other.served]
    assert portfolios.at_hand("alpha") is other.served


async def test_a_crowd_that_waits_for_one_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_portfolios, "LOOK_S", 0.0)

    class Default:
        served, looks, is_read = object(), 0, False

        @property
        def is_under_caps(self) -> bool:
            self.looks += 1
            return self.is_read

    default: Any = Default()
    portfolios = OpenPortfolios(default, never)
    asked = [asyncio.create_task(portfolios.find(DEFAULT)) for _ in range(100)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert default.looks < 200
    default.is_read = True
    async with asyncio.timeout(30):
        assert await asyncio.gather(*asked) == [default.served] * 100


async def test_one_whose_streams_are_waited_for_is_closed_with_the_service() -> None:
    other: Any = Opened()
    waits = asyncio.Event()

    async def ended() -> None:
        waits.set()
        await asyncio.Event().wait()

    other.served = SimpleNamespace(end=lambda _: None, ended=ended)
    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, lambda *_: other)
    settings: Any = SimpleNamespace(key_prefix="quantum:alpha")
    await portfolios.take({"alpha": settings})
    async with asyncio.timeout(30), running(portfolios.take({}), "portfolios", asyncio.Event()):
        await waits.wait()
    await portfolios.close()
    assert not other.runs, "it would hold its lease to the end of that"


async def test_one_that_is_being_closed_as_the_service_ends_is_closed_to_the_end() -> None:
    class Closes(Opened):
        def __init__(self) -> None:
            super().__init__()
            self.is_ending, self.may_end = asyncio.Event(), asyncio.Event()
            self.served = SimpleNamespace(end=lambda _: None, ended=partial(asyncio.sleep, 0))

        @asynccontextmanager
        async def running(self) -> AsyncIterator[None]:
            async with super().running():
                yield
                self.is_ending.set()
                await self.may_end.wait()

    other: Any = Closes()
    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, lambda *_: other)
    settings: Any = SimpleNamespace(key_prefix="quantum:alpha")
    await portfolios.take({"alpha": settings})
    async with asyncio.timeout(30):
        async with running(portfolios.take({}), "portfolios", asyncio.Event()):
            await other.is_ending.wait()
        closes = asyncio.create_task(portfolios.close())
        await asyncio.sleep(0)
        other.may_end.set()
        await closes
    assert not other.runs, "it would hold its lease to the end of that"


async def test_one_that_is_closed_while_it_is_waited_for_says_nothing() -> None:
    opened: list[Any] = []

    def make(*_arguments: object) -> Any:  # noqa: ANN401  it stands for a portfolio
        opened.append(Opened())
        opened[-1].served = SimpleNamespace(end=lambda _: None, ended=partial(asyncio.sleep, 0))
        return opened[-1]

    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, make)
    first: Any = SimpleNamespace(key_prefix="quantum:alpha")
    second: Any = SimpleNamespace(key_prefix="quantum:beta")
    await portfolios.take({"alpha": first})
    asked = asyncio.create_task(portfolios.find("alpha"))
    await asyncio.sleep(0)
    # It is told something else, and then named no more.
    await portfolios.take({"alpha": second})
    another = asyncio.create_task(portfolios.find("alpha"))
    opened[1].is_under_caps = True
    async with asyncio.timeout(30):
        assert await asked is await another is opened[1].served, "the first one would say 1.0 over a lower cap"
        opened[1].is_under_caps = False
        await portfolios.take({"alpha": first})
        asked = asyncio.create_task(portfolios.find("alpha"))
        await asyncio.sleep(0)
        await portfolios.take({})
        with pytest.raises(UnknownPortfolioError):
            await asked


async def test_a_service_that_ends_opens_no_more() -> None:
    opened: list[Any] = []

    def make(*_arguments: object) -> Any:  # noqa: ANN401  it stands for a portfolio
        opened.append(Opened())
        return opened[-1]

    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, make, may_lead=lambda _: False)
    settings: Any = SimpleNamespace(key_prefix="quantum:alpha")
    await portfolios.take({"alpha": settings})
    await portfolios.close()
    with pytest.raises(DrainingError):
        await portfolios.find("alpha")
    assert not any(each.runs for each in opened), "nobody would close it any more"


async def test_before_others_were_named_a_name_is_not_unknown() -> None:
    default: Any = SimpleNamespace(served=object(), is_under_caps=True)
    portfolios = OpenPortfolios(default, never, awaits_names=True)
    with pytest.raises(LogNotReadError, match="names of the portfolios have not been read"):
        await portfolios.find("alpha")
    with pytest.raises(LogNotReadError):
        portfolios.state("alpha")
    with pytest.raises(LogNotReadError):
        portfolio_page(portfolios, service_pb2.ListPortfoliosRequest())
    assert portfolios.count == 1
    with pytest.raises(InvalidRequestError):
        await portfolios.find("no name")
    await portfolios.take({})
    assert portfolios.names == [DEFAULT]
    with pytest.raises(UnknownPortfolioError):
        await portfolios.find("alpha")
