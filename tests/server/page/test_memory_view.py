"""An analysis for all pages: one that fails does so once for all who wait for it."""

from __future__ import annotations

import asyncio

from strategic_memory.v1 import analysis_pb2, service_pb2
from strategic_memory_server.page.memory_view import MemoryView


class Analyses:
    """Fails until it works, and takes as long as it is held up."""

    def __init__(self) -> None:
        self.asked = 0
        self.works = False
        self.may_end = asyncio.Event()

    async def __call__(self, _request: service_pb2.AnalyzeRequest) -> service_pb2.AnalyzeResponse:
        self.asked += 1
        await self.may_end.wait()
        if not self.works:
            raise ConnectionError("Redis is silent")
        return service_pb2.AnalyzeResponse(analysis=analysis_pb2.Analysis(sample_count=3))


async def test_while_redis_is_silent_pages_do_not_wait_for_one_another() -> None:
    analyses = Analyses()
    view = MemoryView(analyses)
    pages = [asyncio.ensure_future(view.newest()) for _ in range(20)]
    await asyncio.sleep(0)
    pages[0].cancel()
    await asyncio.sleep(0)
    analyses.may_end.set()
    ends = await asyncio.gather(*pages, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, *[ConnectionError] * 19]
    assert analyses.asked == 1
    analyses.works = True
    assert await view.newest() == await view.newest() == b'{"sample_count": "3"}'
    assert analyses.asked == 2
