"""AnalysisReception: receives requests for an analysis when there is room for them, a few at once."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

from strategic_memory.v1 import service_pb2
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.wire.later_fields import refuse_later_fields
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
        self,
        request: Unreceived[service_pb2.AnalyzeRequest],
        caller: str,
        analyst_of: Callable[[str], Awaitable[Analyst]],
    ) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request of a caller.

        Args:
            request: what is to be received.
            caller: who sends it.
            analyst_of: gives who answers what is about a portfolio; may raise, see `ServedPortfolios`.

        Raises:
            InvalidRequestError: something in the request is wrong.
            MemoryUnreadableError: Redis could not be read.
            TooMuchInHandError, RequestTooLargeError, RequestTooSlowError: it is not taken, see `RequestsInHand`.
            google.protobuf.message.DecodeError: the request is none.
        """
        async with self._in_hand.received(request.receive, caller) as received:
            size = len(received)
            async with self._threads.place(size):
                portfolio, is_inline = await self._threads.run(lambda _: _about(received), size)
                analyst = await analyst_of(portfolio)
                if is_inline:
                    answer = await self._threads.run(functools.partial(analyst.analyze_inline, received), size)
                else:
                    answer = await analyst.analyze_stored(received.parse_and_forget())
                answer.portfolio = portfolio
                return answer


def _about(request: Unparsed[service_pb2.AnalyzeRequest]) -> tuple[str, bool]:
    """Parse a request; tell which portfolio it is about, and whether it has the observations in it.

    Raises InvalidRequestError for what only a later version knows.
    """
    message = request.parse()
    refuse_later_fields(message)
    return message.portfolio, message.WhichOneof("memory") == "inline"
