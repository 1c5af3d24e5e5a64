"""The service's own gRPC server in this process: a real server on a real port, whose hub and clock the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc
import redis.asyncio
from advice import NOW_MS, feedback
from claimed import ClaimedLog
from google.protobuf.duration_pb2 import Duration
from prometheus_client import CollectorRegistry
from set_clocks import MillisecondsClock

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.said_log import SaidLog
from strategic_memory_server.rpc.admin.servicer import StrategicMemoryAdminServicer
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.analyst import AnalysisSources, Analyst
from strategic_memory_server.rpc.analyses.reception import AnalysisReception
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio, Sources
from strategic_memory_server.rpc.served_portfolios import refuse
from strategic_memory_server.rpc.server import GrpcServer, open_grpc_server
from strategic_memory_server.rpc.servicer import StrategicMemoryServicer

RING = 3
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
Stream = grpc.aio.UnaryStreamCall[service_pb2.StreamFeedbackRequest, service_pb2.StreamFeedbackResponse]


class Client:
    """Calls the service on a channel of its own."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = service_pb2_grpc.StrategicMemoryServiceStub(channel)

    async def get(self) -> feedback_pb2.Feedback:
        """GetFeedback."""
        response: service_pb2.GetFeedbackResponse = await self._stub.GetFeedback(
            service_pb2.GetFeedbackRequest(), timeout=30
        )
        return response.feedback

    async def analyze(self, request: service_pb2.AnalyzeRequest | None = None) -> service_pb2.AnalyzeResponse:
        """Analyze."""
        response: service_pb2.AnalyzeResponse = await self._stub.Analyze(
            request or service_pb2.AnalyzeRequest(), timeout=30
        )
        return response

    def stream(
        self,
        *,
        resume_after: int | None = None,
        epoch: str = "",
        every: bool = False,
        heartbeat_s: float = 60.0,
        send_current: bool = False,
    ) -> Stream:
        """StreamFeedback."""
        call: Stream = self._stub.StreamFeedback(
            service_pb2.StreamFeedbackRequest(
                resume_after_revision=resume_after,
                epoch=epoch,
                delivery=service_pb2.DELIVERY_EVERY if every else service_pb2.DELIVERY_LATEST,
                heartbeat_interval=Duration(nanos=round(heartbeat_s % 1 * 1e9), seconds=int(heartbeat_s)),
                send_current=send_current,
            ),
            timeout=30,
        )
        return call


class OnePortfolio:
    """The portfolios of a service that has the default one alone."""

    def __init__(self, portfolio: ServedPortfolio) -> None:
        self.names = [DEFAULT]
        self.followed = [portfolio]

    def at_hand(self, name: str) -> ServedPortfolio | None:
        """Return it by its name."""
        return self.followed[0] if name == DEFAULT else None

    async def find(self, name: str) -> ServedPortfolio:
        """Return it by its name; raises as `ServedPortfolios`."""
        return self.at_hand(name) or refuse(name, self.names)


@dataclass(slots=True)
class InProcessServer:
    """An open server, and what it answers from."""

    server: GrpcServer
    client: Client
    hub: FeedbackHub
    log: ClaimedLog
    clock: MillisecondsClock
    registry: CollectorRegistry
    changed: ChangeSignal
    portfolio: ServedPortfolio

    def load(self, *recent: Feedback, oldest: int | None = None) -> None:
        """Let the hub read a log that ends like this."""
        newest = recent[-1]
        state = LogState(newest.epoch, newest.revision, recent[0].revision if oldest is None else oldest, newest.times)
        self.hub.load(LogSnapshot(state, recent[-RING:], "0-0", "0-0"))
        self.changed.notify()

    def append(self, revision: int, epoch: str = "e1") -> None:
        """Let the hub take in the next revision."""
        assert self.hub.append(feedback(revision, epoch))
        self.changed.notify()

    def handled(self, method: str, code: str, kind: str = "server_stream") -> float:
        """Calls of a method that have ended with a code."""
        labels = {
            "grpc_type": kind,
            "grpc_service": "strategic_memory.v1.StrategicMemoryService",
            "grpc_method": method,
            "grpc_code": code,
        }
        return self.registry.get_sample_value("grpc_server_handled_total", labels) or 0.0


@asynccontextmanager
async def in_process_server(
    redis_client: redis.asyncio.Redis,
    grpc_settings: GrpcSettings | None = None,
    *,
    address: str = "127.0.0.1:0",
    stop_grace_s: float = 0.5,
) -> AsyncIterator[InProcessServer]:
    """Serve until the context is left, on a free port of the loopback unless there is an address."""
    hub, changed, clock = FeedbackHub("1.0.0", RING), ChangeSignal(), MillisecondsClock(NOW_MS)
    log = FeedbackLog(redis_client, "quantum", retained_revisions=100)
    loader = MemoryLoader(redis_client, "quantum", WindowSettings())
    settings = replace(grpc_settings or GrpcSettings(), address=address, stop_grace_s=stop_grace_s)
    in_hand = RequestsInHand(settings.max_request_bytes, settings.max_in_hand_bytes)
    store, trades = MemoryStore(redis_client, "quantum", 0.998, 100), TradeReader(redis_client, "quantum")
    threads = AnalysisThreads()
    analyst = Analyst(AnalysisSources(loader, store, trades, log, clock), AdviceSettings(), threads)
    portfolio = ServedPortfolio(Sources(hub, changed, log, SaidLog(redis_client, "quantum"), analyst, clock))
    servicer = StrategicMemoryServicer(OnePortfolio(portfolio), AnalysisReception(in_hand, threads), settings)
    admin = StrategicMemoryAdminServicer(OnePortfolio(portfolio))
    registry = CollectorRegistry()
    async with (
        open_grpc_server(servicer, admin, RpcMetrics(registry), settings) as server,
        grpc.aio.insecure_channel(server.address, options=OWN_CONNECTION) as channel,
    ):
        claimed = ClaimedLog(redis_client, log=log)
        yield InProcessServer(server, Client(channel), hub, claimed, clock, registry, changed, portfolio)
