"""Portfolio: one memory with the advice drawn from it: log, hub, tail, leadership, sync, shadow, and what is served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from strategic_memory_server.inputs.cap_comparison import CapComparison
from strategic_memory_server.monitoring.service_state import ServiceState
from strategic_memory_server.portfolios.shared_resources import SharedResources
from strategic_memory_server.revisions.lapse_watch import LapseWatch
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.sync.cap_watch import CapWatch
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.running_sync import release, syncing
from strategic_memory_server.waiting.running_tasks import running


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One portfolio; `running` brings it to life.

    Attributes:
        served: what calls about it are answered from.
        state: where health and metrics look.
        sync: the loop; it runs where this server may lead.
        cap_watch: reads the caps where it may not; None: the loop does.
    """

    served: ServedPortfolio
    state: ServiceState
    sync: StrategicMemorySync
    lapse_watch: LapseWatch
    cap_watch: CapWatch | None
    shared: SharedResources
    compared: CapComparison | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the first work is done: the memory is read, and where this server leads, something was said."""
        status = self.sync.status
        return status.completed_at_ms is not None and (self.state.leadership.claim is None or status.iteration > 0)

    @property
    def is_under_caps(self) -> bool:
        """Whether the log and the caps on leverage have been read, so that what is served is under them."""
        hub = self.state.hub
        has_looked = self.has_begun if self.cap_watch is None else self.cap_watch.has_looked
        return hub.was_read and has_looked and (not hub.unpublished_caps or hub.heeds_unpublished(hub.now_ms()))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the log, and where this server may lead, lead and sync, until the context is left."""
        broken, state = self.shared.broken, self.state
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running(state.tail.run(), "feedback-tail", broken))
            await stack.enter_async_context(running(self.lapse_watch.run(), "lapse-watch", broken))
            if self.cap_watch is None:
                stack.push_async_callback(release, state.leadership)
                await stack.enter_async_context(running(state.leadership.run(), "leadership", broken))
                if state.shadow is not None:
                    await stack.enter_async_context(running(state.shadow.run(), "shadow", broken))
                if self.compared is not None:
                    stack.enter_context(self.compared.watching(state.loader.ask_cap_values(), self.sync.look_at_caps))
                await stack.enter_async_context(syncing(self.sync, broken))
            else:
                await stack.enter_async_context(running(self.cap_watch.run(), "cap-watch", broken))
            yield
