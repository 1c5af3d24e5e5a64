"""What a client in an event loop does with the service. It is imported with the first of them: gRPC comes with it."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from time import monotonic
from typing import TYPE_CHECKING

import grpc

from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings, following_settings
from strategic_memory_client.transports.asynchronous.driver import subscription_events
from strategic_memory_client.transports.asynchronous.follower import AsyncFollower
from strategic_memory_client.transports.asynchronous.transport import AsyncConnection, AsyncTransport
from strategic_memory_client.transports.channel_settings import require_usable
from strategic_memory_client.values.events import SubscriptionEvent
from strategic_memory_client.values.health import ServiceHealth
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.values.portfolios import PortfolioState
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import Feedback
from strategic_memory_client.wire import analyses
from strategic_memory_client.wire.from_wire import answer_from_wire, problems_from_wire
from strategic_memory_client.wire.health_check import health_from_wire, health_request, unknown_service
from strategic_memory_client.wire.portfolios import list_request, portfolios_from_wire
from strategic_memory_client.wire.status_table import is_not_found

if TYPE_CHECKING:
    from strategic_memory_client.values.analysis import AnalysisResult
    from strategic_memory_client.values.analysis_request import AnalysisSettings, InlineMemory


class AsyncService:
    """Single questions, streams and following, each within the seconds given. Raises StrategicMemoryError."""

    def __init__(self, addresses: tuple[str, ...], options: ClientOptions) -> None:
        """Connect to nothing yet. Raises ValueError and OSError as `require_usable`."""
        require_usable(addresses, options)
        self._portfolio = options.portfolio
        self.transport = AsyncTransport(addresses, options)
        """Its connections."""
        self.follower = AsyncFollower(following_settings(addresses, options), self.transport, options.timeout_s)
        """What it follows."""

    async def get_feedback(self, timeout_s: float) -> Feedback:
        """Return the feedback in force."""
        return answer_from_wire(await self.transport.call(AsyncConnection.get_feedback, timeout_s))

    async def get_problems(self, timeout_s: float) -> tuple[Problem, ...]:
        """Return what a server has to tell its operator."""
        return problems_from_wire(await self.transport.call(AsyncConnection.get_feedback, timeout_s))

    async def analyze(
        self, memory: InlineMemory | None, settings: AnalysisSettings | None, timeout_s: float
    ) -> AnalysisResult:
        """Return what `memory` (None: the stored one) says under `settings`."""
        request = analyses.analyze_request(memory, settings)
        request.portfolio = self._portfolio
        wire = await self.transport.call(lambda connection, within_s: connection.analyze(request, within_s), timeout_s)
        return analyses.result_from_wire(wire)

    async def list_portfolios(self, timeout_s: float) -> tuple[PortfolioState, ...]:
        """Return the portfolios of the first server that answers."""

        async def ask(connection: AsyncConnection, within_s: float) -> tuple[PortfolioState, ...]:
            found, token, until_s = list[PortfolioState](), "", monotonic() + within_s
            while True:
                page = await connection.service.ListPortfolios(
                    list_request(token), timeout=max(until_s - monotonic(), 0.001), metadata=connection.metadata
                )
                found += portfolios_from_wire(page)
                token = page.next_page_token
                if not token:  # there may be none at all that this caller may ask about
                    return tuple(found)

        return await self.transport.call(ask, timeout_s)

    async def check_health(self, timeout_s: float) -> ServiceHealth:
        """Return whether the first server that answers is serving."""

        async def ask(connection: AsyncConnection, within_s: float) -> ServiceHealth:
            try:
                wire = await connection.check_health(health_request(), timeout=within_s)
            except grpc.RpcError as error:
                if is_not_found(error):
                    return unknown_service(connection.address)
                raise
            return health_from_wire(wire, connection.address)

        return await self.transport.call(ask, timeout_s)

    def events(self, settings: SubscriptionSettings) -> AsyncGenerator[SubscriptionEvent]:
        """Return what happens to a new subscription."""
        return subscription_events(Subscription(settings, random.SystemRandom()), self.transport)
