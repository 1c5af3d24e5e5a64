"""Portfolio: one memory with the advice drawn from it: log, hub, tail, leadership, sync, shadow, and what is served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import redis.asyncio as redis

from strategic_memory_server.monitoring.service_state import ServiceState
from strategic_memory_server.portfolios.shared_resources import SharedResources
from strategic_memory_server.redis_access.round_trip import Reply
from strategic_memory_server.revisions.lapse_watch import LapseWatch
from strategic_memory_server.revisions.unpublished_caps import UnpublishedCaps
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
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
        caps: is told what the keys of its caps hold.
    """

    served: ServedPortfolio
    state: ServiceState
    sync: StrategicMemorySync
    lapse_watch: LapseWatch
    caps: UnpublishedCaps
    commands: redis.Redis
    shared: SharedResources

    @property
    def has_begun(self) -> bool:
        """Whether the first work is done: the memory is read, and where this server leads, something was said."""
        status = self.sync.status
        return status.completed_at_ms is not None and (self.state.leadership.claim is None or status.iteration > 0)

    @property
    def is_under_caps(self) -> bool:
        """Whether the log and the caps on leverage have been read, so that what is served is under them."""
        hub = self.state.hub
        return (
            hub.was_read and self.caps.were_read and (not hub.unpublished_caps or hub.heeds_unpublished(hub.now_ms()))
        )

    def _take_caps(self, replies: Sequence[Reply], has_changed: bool) -> bool:
        """Let what is served stay below the caps, and whoever syncs look at them; as `UnpublishedCaps.take`."""
        is_missing = self.caps.take(replies, has_changed)
        if has_changed:
            self.sync.look_at_caps()
        return is_missing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the log, and where this server may lead, lead and sync, until the context is left."""
        async with AsyncExitStack() as stack:
            # The first call about it may open it, and is no part of what goes on for months.
            with self.shared.tracing.apart():
                await self._run(stack)
            yield

    async def _run(self, stack: AsyncExitStack) -> None:
        broken, state = self.shared.broken, self.state
        stack.callback(state.hub.known_history.close)
        await stack.enter_async_context(running(state.tail.run(), "feedback-tail", broken))
        await stack.enter_async_context(running(self.lapse_watch.run(), "lapse-watch", broken))
        asks = state.loader.ask_cap_values()
        stack.enter_context(self.shared.caps.watching(self.commands, asks, self._take_caps))
        if state.may_lead:
            stack.push_async_callback(release, state.leadership)
            await stack.enter_async_context(running(state.leadership.run(), "leadership", broken))
            if state.shadow is not None:
                await stack.enter_async_context(running(state.shadow.run(), "shadow", broken))
            await stack.enter_async_context(syncing(self.sync, broken))
