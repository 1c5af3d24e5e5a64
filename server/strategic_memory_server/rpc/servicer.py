"""The RPCs. What they answer is decided by the hub, the stream cursor and the analysis; this waits and maps."""

from __future__ import annotations

import asyncio
import math
import time

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.errors import DrainingError
from strategic_memory_server.revisions.stream_cursor import Beat, ReadLog
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.analyses.reception import AnalysisReception
from strategic_memory_server.rpc.behaviour import CallContext
from strategic_memory_server.rpc.caller import caller_of
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.rpc.portfolio_list import portfolio_page
from strategic_memory_server.rpc.served_portfolios import ServedPortfolios
from strategic_memory_server.rpc.streams.fair_turns import FairTurns, Place
from strategic_memory_server.rpc.streams.resume_judgement import open_cursor
from strategic_memory_server.rpc.streams.subscriptions import Subscriptions
from strategic_memory_server.rpc.wire.from_wire import stream_order
from strategic_memory_server.rpc.wire.unreceived import Unreceived

# The generated servicer's context is both a synchronous and an asynchronous one; the server passes the latter.


class StrategicMemoryServicer(service_pb2_grpc.StrategicMemoryServiceServicer):
    """Serves `strategic_memory.v1.StrategicMemoryService`.

    Args:
        portfolios: what the calls are about.
        reception: receives requests for an analysis.
        grpc_settings: how much is taken on at once.
    """

    def __init__(self, portfolios: ServedPortfolios, reception: AnalysisReception, grpc_settings: GrpcSettings) -> None:
        self._portfolios = portfolios
        self._reception = reception
        self._subscriptions = Subscriptions(grpc_settings.max_subscribers, grpc_settings.peer_share)
        self._grpc = grpc_settings
        self._draining = False
        self._told_s = -math.inf
        self._catching_up = FairTurns()

    @property
    def subscribers(self) -> int:
        """Streams of feedback that are open."""
        return self._subscriptions.count

    def drain(self) -> None:
        """End every stream in a way that its client takes up elsewhere, and admit no more."""
        if self.subscribers and not self._draining:
            self._told_s = time.monotonic()
        self._draining = True
        for portfolio in self._portfolios.followed:
            portfolio.waker.wake()

    async def nobody_comes(self, for_s: float) -> None:
        """Wait until no stream has been told for so many seconds that the server goes away."""
        while True:
            left_s = self._told_s + for_s - time.monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)

    async def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: CallContext
    ) -> service_pb2.GetFeedbackResponse:
        """Answer with the feedback in force, from memory."""
        return (self._portfolios.at_hand(request.portfolio) or await self._portfolios.find(request.portfolio)).answer()

    # Written by `context.write`: between a stream and gRPC there is nothing that each message has to pass.
    async def StreamFeedback(  # type: ignore[override]
        self, request: service_pb2.StreamFeedbackRequest, context: CallContext
    ) -> None:
        """Send the feedback as it changes, and heartbeats in between."""
        order = stream_order(request, self._grpc.heartbeat_s)
        self._refuse_while_draining()
        portfolio = await self._portfolios.find(request.portfolio)
        with self._subscriptions.admitted(caller_of(context)), portfolio.streamed():
            hub, turn, write = portfolio.sources.hub, portfolio.turn, context.write
            cursor = await open_cursor(hub, portfolio.sources.log, order)
            waiter = portfolio.waker.waiter(order.heartbeat_s)
            place = Place(self._catching_up)
            silent = False
            try:
                while True:
                    waiter.look()
                    self._refuse_while_draining()
                    now = turn()
                    step = cursor.next(now.in_force)
                    if isinstance(step, ReadLog):
                        step = cursor.take_from_log(await portfolio.read_log(step.after_revision))[0]
                        now = turn()
                    if isinstance(step, Feedback):
                        # Counted from before it is written: what it says of the validity is as old as that.
                        waiter.put_off(now.began_s)
                        await write(portfolio.delivery(now, step, cursor.skipped))
                        if step.revision < hub.revision:
                            await place.next_turn()
                            continue
                    elif silent or isinstance(step, Beat):
                        waiter.put_off(now.began_s)
                        await write(portfolio.heartbeat())
                    place.end_turn()
                    if portfolio.ending is not None:
                        raise portfolio.ending
                    silent = await waiter.wait()
            finally:
                place.end_turn()
                waiter.close()

    async def Analyze(
        self, request: service_pb2.AnalyzeRequest | Unreceived[service_pb2.AnalyzeRequest], context: CallContext
    ) -> service_pb2.AnalyzeResponse:
        """Analyse the stored memory, or the observations in the request."""
        if not isinstance(request, Unreceived):
            raise TypeError("the boundary leaves receiving the request to this method")
        return await self._reception.answer(request, caller_of(context), self._analyst_of)

    async def ListPortfolios(
        self, request: service_pb2.ListPortfoliosRequest, context: CallContext
    ) -> service_pb2.ListPortfoliosResponse:
        """Tell which portfolios there are."""
        return portfolio_page(self._portfolios, request)

    async def _analyst_of(self, portfolio: str) -> Analyst:
        return (await self._portfolios.find(portfolio)).sources.analyst

    def _refuse_while_draining(self) -> None:
        if self._draining:
            self._told_s = time.monotonic()
            raise DrainingError
