"""LogPages: the log is read once for all who catch up, and what is kept is bounded."""

from __future__ import annotations

import asyncio

import pytest
from advice import feedback
from processes import aeventually

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.revisions import log_pages
from strategic_memory_server.revisions.log_pages import KEPT_PAGES, PAGE_REVISIONS, LogPages


class Log:
    """A log in memory that counts how often it is read."""

    def __init__(self, newest: int, *, oldest: int = 1) -> None:
        self.feedbacks = [feedback(revision) for revision in range(oldest, newest + 1)]
        self.reads: list[int] = []
        self.failure: Exception | None = None

    async def read_after(self, revision: int, count: int) -> list[Feedback]:
        self.reads.append(revision)
        found = [each for each in self.feedbacks if each.revision > revision][:count]
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return found


async def catch_up(pages: LogPages, newest: int, after: int = 0) -> list[int]:
    received = []
    while after < newest:
        following = await pages.next_after(after, "e1")
        assert following is not None
        after = following.revision
        received.append(after)
    return received


async def test_all_who_catch_up_together_read_each_page_once() -> None:
    log = Log(5 * PAGE_REVISIONS)
    pages = LogPages(log.read_after)
    starts = [0, 7, PAGE_REVISIONS - 1, PAGE_REVISIONS, PAGE_REVISIONS + 1]
    received = await asyncio.gather(*[catch_up(pages, 5 * PAGE_REVISIONS, after) for after in starts * 20])
    assert received == [list(range(after + 1, 5 * PAGE_REVISIONS + 1)) for after in starts] * 20
    assert sorted(log.reads) == [number * PAGE_REVISIONS for number in range(5)]


async def test_all_get_the_same_object() -> None:
    log = Log(PAGE_REVISIONS)
    pages = LogPages(log.read_after)
    assert await pages.next_after(3, "e1") is await pages.next_after(3, "e1")


async def test_a_page_that_still_grows_is_read_again() -> None:
    log = Log(PAGE_REVISIONS - 10)
    pages = LogPages(log.read_after)
    assert await pages.next_after(PAGE_REVISIONS - 10, "e1") is None
    log.feedbacks.append(feedback(PAGE_REVISIONS - 9))
    following = await pages.next_after(PAGE_REVISIONS - 10, "e1")
    assert following is log.feedbacks[-1]
    log.feedbacks.extend(feedback(revision) for revision in range(PAGE_REVISIONS - 8, PAGE_REVISIONS + 1))
    log.reads.clear()
    assert await catch_up(pages, PAGE_REVISIONS, PAGE_REVISIONS - 10) == list(
        range(PAGE_REVISIONS - 9, PAGE_REVISIONS + 1)
    )
    assert log.reads == [0], "once for the whole page"


async def test_what_was_written_while_a_page_was_being_read_is_found() -> None:
    log = Log(10)
    pages = LogPages(log.read_after)
    reading = asyncio.create_task(pages.next_after(3, "e1"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert log.reads == [0]
    log.feedbacks.append(feedback(11))
    _, following = await asyncio.gather(reading, pages.next_after(10, "e1"))
    assert following is log.feedbacks[-1]
    assert log.reads == [0, 10]


async def test_entries_that_are_no_revisions_hide_none() -> None:
    """A page holds so many entries; where others are among them, it ends earlier."""
    log = Log(PAGE_REVISIONS)
    pages = LogPages(lambda revision, count: log.read_after(revision, min(count, 10)))
    assert await catch_up(pages, PAGE_REVISIONS) == list(range(1, PAGE_REVISIONS + 1))


async def test_what_is_trimmed_away_is_passed_over_to_what_is_retained() -> None:
    log = Log(5 * PAGE_REVISIONS, oldest=3 * PAGE_REVISIONS + 7)
    following = await LogPages(log.read_after).next_after(5, "e1")
    assert following is log.feedbacks[0]


async def test_another_epoch_is_read_anew() -> None:
    log = Log(PAGE_REVISIONS)
    pages = LogPages(log.read_after)
    await pages.next_after(0, "e1")
    log.feedbacks = [feedback(revision, "e2") for revision in range(1, PAGE_REVISIONS + 1)]
    following = await pages.next_after(0, "e2")
    assert following is not None
    assert following.epoch == "e2"


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    log = Log(PAGE_REVISIONS)
    log.failure = OSError("away")
    pages = LogPages(log.read_after)
    found = await asyncio.gather(*[pages.next_after(0, "e1") for _ in range(5)], return_exceptions=True)
    assert found == [log.failure] * 5
    assert log.reads == [0]
    log.failure = None
    assert await pages.next_after(0, "e1") is log.feedbacks[0]


async def test_who_is_cancelled_while_reading_takes_nobody_along() -> None:
    log = Log(PAGE_REVISIONS)
    pages = LogPages(log.read_after)
    leaving, staying = (asyncio.create_task(pages.next_after(0, "e1")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is log.feedbacks[0]
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_the_pages_kept_are_bounded_and_the_least_used_goes_first() -> None:
    log = Log((KEPT_PAGES + 2) * PAGE_REVISIONS)
    pages = LogPages(log.read_after)
    for number in range(KEPT_PAGES):
        await pages.next_after(number * PAGE_REVISIONS, "e1")
    await pages.next_after(0, "e1")
    await pages.next_after(KEPT_PAGES * PAGE_REVISIONS, "e1")
    assert len(pages._pages) == KEPT_PAGES
    log.reads.clear()
    await pages.next_after(0, "e1")
    assert log.reads == []
    await pages.next_after(PAGE_REVISIONS, "e1")
    assert log.reads == [PAGE_REVISIONS]
    assert not pages._being_read


async def test_nothing_is_kept_once_all_have_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand portfolios each was caught up with once in a year."""
    monkeypatch.setattr(log_pages, "KEPT_S", 0.05)
    newest = 3 * PAGE_REVISIONS
    log = Log(newest)
    pages = LogPages(log.read_after)
    for _ in range(2):
        assert await catch_up(pages, newest) == list(range(1, newest + 1))
        await aeventually(lambda: not pages._pages)
