"""LogPages: pages of the feedback log, read once for all subscribers that catch up."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from strategic_memory_server.advice.feedback import Feedback

PAGE_REVISIONS = 100
KEPT_PAGES = 16

KEPT_S = 60.0
"""A page is let go of so long after it was read, seconds: whoever catches up has passed it by then, and those of each
portfolio with which somebody ever did would stay for as long as the service runs."""

FeedbackPage = Sequence[Feedback]
ReadAfter = Callable[[int, int], Awaitable[FeedbackPage]]


class LogPages:
    """Gives what follows a revision from a bounded number of pages, which all subscribers share.

    A subscriber holds no page while it waits for its peer: it asks again for each feedback, and a page that has been
    given up meanwhile is read again.

    Args:
        read_after: gives up to so many (second argument) feedbacks that come after a revision (first argument) in the
            log, oldest first.
    """

    def __init__(self, read_after: ReadAfter) -> None:
        self._read_after = read_after
        self._pages: OrderedDict[tuple[str, int], FeedbackPage] = OrderedDict()
        self._being_read: dict[tuple[str, int], asyncio.Task[FeedbackPage]] = {}

    async def next_after(self, revision: int, epoch: str) -> Feedback | None:
        """Return the oldest retained feedback that comes after a revision, None where there is none.

        Args:
            revision: the revision.
            epoch: what the log is called now; pages of another one are not looked at.

        Raises:
            Exception: what `read_after` raises.
        """
        first = revision - revision % PAGE_REVISIONS
        page = self._pages.get((epoch, first))
        if page is None:
            page = await self._read(epoch, first)
        else:
            self._pages.move_to_end((epoch, first))
        following = _following(page, revision)
        if following is None:
            # The page began to be read before the revision was written, or holds entries that are not revisions.
            following = _following(await self._read_after(revision, 1), revision)
        return following

    async def _read(self, epoch: str, first: int) -> FeedbackPage:
        """Read a page together with everybody who waits for it; who is cancelled takes nobody along."""
        task = self._being_read.get((epoch, first))
        if task is None:
            task = asyncio.create_task(self._read_and_keep(epoch, first), name="log-page")
            self._being_read[epoch, first] = task
            task.add_done_callback(lambda done: self._was_read((epoch, first), done))
        return await asyncio.shield(task)

    async def _read_and_keep(self, epoch: str, first: int) -> FeedbackPage:
        page = await self._read_after(first, PAGE_REVISIONS)
        # Entries never change, so a page that has come to its end stays as it is, but for what is trimmed.
        if page and page[-1].revision >= first + PAGE_REVISIONS:
            self._pages[epoch, first] = page
            asyncio.get_running_loop().call_later(KEPT_S, self._pages.pop, (epoch, first), None)
            if len(self._pages) > KEPT_PAGES:
                self._pages.popitem(last=False)
        return page

    def _was_read(self, key: tuple[str, int], task: asyncio.Task[FeedbackPage]) -> None:
        del self._being_read[key]
        if not task.cancelled():
            # Retrieved even when everybody who waited has left.
            task.exception()


def _following(page: FeedbackPage, revision: int) -> Feedback | None:
    at = bisect_right(page, revision, key=lambda feedback: feedback.revision)
    return page[at] if at < len(page) else None
