"""What open pages are told: the same bytes for all of them, at each change and each second."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from strategic_memory_server.page.now_feed import NowFeed, OpenPages
from strategic_memory_server.revisions.change_signal import ChangeSignal


class Said:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.now: dict[str, Any] = {"revision": 1}

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        return {"now": self.now, "clock": {"asked": self.asked}}


def read(event: bytes) -> tuple[str, dict[str, Any]]:
    name, data, *rest = event.decode().split("\n")
    assert rest == ["", ""]
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_all_pages_are_given_the_same_bytes_that_were_made_once() -> None:
    said, changed = Said(), ChangeSignal()
    feed = NowFeed(said, changed, OpenPages(100))
    pages = [feed.events(lambda: None) for _ in range(50)]
    first = [await anext(page) for page in pages]
    assert said.asked <= 3
    assert {read(event)[0] for event in first} == {"now"}
    said.now = {"revision": 2}
    waiting = [asyncio.ensure_future(anext(page)) for page in pages]
    await asyncio.sleep(0)
    changed.notify()
    events = await asyncio.gather(*waiting)
    assert {read(event)[1]["now"]["revision"] for event in events} == {2}
    assert len({id(event) for event in events}) <= 2
    for page in pages:
        await page.aclose()
    assert feed.pages.open == 0


async def test_while_nothing_changes_the_clock_alone_is_told() -> None:
    feed = NowFeed(Said(), ChangeSignal(), OpenPages(1))
    taken: list[int] = []
    page = feed.events(lambda: taken.append(1))
    name, first = read(await anext(page))
    assert (name, feed.pages.is_full) == ("now", True)
    name, second = read(await anext(page))
    assert (name, set(second)) == ("clock", {"asked"})
    assert second["asked"] > first["clock"]["asked"]
    assert len(taken) == 1, "the page has not come back for more since the second"
    await page.aclose()
    assert not feed.pages.is_full


async def test_of_pages_that_are_let_in_together_no_more_are_told_than_there_may_be() -> None:
    feed = NowFeed(Said(), ChangeSignal(), OpenPages(2))
    assert not feed.pages.is_full
    pages = [feed.events(lambda: None) for _ in range(5)]
    told = [await anext(page, None) is not None for page in pages]
    assert told == [True, True, False, False, False]
    for page in pages:
        await page.aclose()
    assert feed.pages.open == 0
