"""AnalysisReception: receives requests for an analysis when there is room for them, a few at once."""

from __future__ import annotations

import functools

from strategic_memory.v1 import service_pb2
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.wire.unparsed import Unparsed
from strategic_memory_server.rpc.wire.unreceived import Unreceived


class AnalysisReception:
    """Hands each to who answers it.

    Args:
        in_hand: counts the requests that are held.
        threads: where they are parsed.
    """

    def __init__(self, in_hand: RequestsInHand, threads: AnalysisThreads) -> None:
        self._in_hand = in_hand
        self._threads = threads

    async def answer(
        self, request: Unreceived[service_pb2.AnalyzeRequest], caller: str, analyst: Analyst
    ) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request of a caller.

        Raises:
            InvalidRequestError: something in the request is wrong.
            MemoryUnreadableError: Redis could not be read.
            TooMuchInHandError, RequestTooLargeError, RequestTooSlowError: it is not taken, see `RequestsInHand`.
            google.protobuf.message.DecodeError: the request is none.
        """
        async with self._in_hand.received(request.receive, caller) as received:
            size = len(received)
            async with self._threads.place(size):
                if await self._threads.run(lambda _: _is_inline(received), size):
                    return await self._threads.run(functools.partial(analyst.analyze_inline, received), size)
                return await analyst.analyze_stored(received.parse_and_forget())


def _is_inline(request: Unparsed[service_pb2.AnalyzeRequest]) -> bool:
    return request.parse().WhichOneof("memory") == "inline"
