"""MemoryView: an analysis of the stored memory with what past advice was worth, worked out once for all pages."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable

from google.protobuf.json_format import MessageToDict

from strategic_memory.v1 import analysis_pb2, service_pb2
from strategic_memory_server.page.shared_work import SharedWork

KEPT_S = 5.0
"""An analysis is worked out again after so long at the earliest, seconds."""

PAST_REVISIONS = 1_000
"""Revisions that are judged."""

Analyze = Callable[[service_pb2.AnalyzeRequest], Awaitable[service_pb2.AnalyzeResponse]]


class MemoryView:
    """The newest analysis, worked out at most once at a time for all pages that are open.

    Args:
        analyze: works an analysis out; what it raises is raised here.
    """

    def __init__(self, analyze: Analyze) -> None:
        self._analyze = analyze
        self._kept = b""
        self._until_s = 0.0
        self._work = SharedWork(self._work_out)

    async def newest(self) -> bytes:
        """Return the analysis as JSON, by the names of the wire."""
        if time.monotonic() >= self._until_s:
            await self._work.done()
        return self._kept

    async def _work_out(self) -> None:
        settings = analysis_pb2.AnalysisSettings(past_revisions=PAST_REVISIONS)
        answer = await self._analyze(service_pb2.AnalyzeRequest(settings=settings))
        self._kept = json.dumps(MessageToDict(answer.analysis, preserving_proto_field_name=True)).encode()
        self._until_s = time.monotonic() + KEPT_S
