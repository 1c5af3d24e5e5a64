"""What an operator said without an answer, and reaches Redis when they have long said something else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import redis.asyncio
from advice import NOW_MS, feedback
from google.protobuf.duration_pb2 import Duration
from redis.exceptions import TimeoutError as RedisTimeoutError
from set_clocks import MillisecondsClock

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.faults.errors import InterventionNotKnownError
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.said_log import AuditEntry, ConflictError, SaidLog
from strategic_memory_server.rpc.admin.portfolio_admin import PortfolioAdmin

CONTEXT: Any = SimpleNamespace(peer=lambda: "ipv4:127.0.0.1:50000", time_remaining=lambda: 0.5)
"""An operator who waits for nobody who leads."""

FORCED = admin_pb2.SetOverrideRequest(leverage=2.0, force=True, reason="why", duration=Duration(seconds=600))


class SlowLog(SaidLog):
    """What is written first is on its way, and nobody waits for it any more."""

    on_its_way: Callable[[], Awaitable[None]] | None = None

    async def write(self, intervention: Intervention, said: AuditEntry, *, is_new_freeze: bool = False) -> None:
        if self.on_its_way is None:
            self.on_its_way = partial(super().write, intervention, said, is_new_freeze=is_new_freeze)
            raise RedisTimeoutError
        await super().write(intervention, said, is_new_freeze=is_new_freeze)


def admin_over(said: SaidLog) -> PortfolioAdmin:
    clock, newest = MillisecondsClock(NOW_MS), feedback(7)
    hub = FeedbackHub("1.0.0", 3, RedisClock(elapsed_ms=clock, wall_ms=clock))
    assert hub.load(LogSnapshot(LogState("e1", 7, 7, newest.times), (newest,), "0-0", "0-0"))
    sources = SimpleNamespace(hub=hub, changed=ChangeSignal(), said=said, clock_ms=hub.now_ms)
    portfolio: Any = SimpleNamespace(sources=sources, name="")
    return PortfolioAdmin(portfolio)


async def test_what_arrives_once_nothing_was_there_to_lift_does_not_hold(async_client: redis.asyncio.Redis) -> None:
    said = SlowLog(async_client, "quantum")
    admin = admin_over(said)
    with pytest.raises(InterventionNotKnownError):
        await admin.set_override(FORCED, CONTEXT)
    lifted = await admin.clear_override(admin_pb2.ClearOverrideRequest(reason="to be sure"), CONTEXT)
    assert not lifted.state.HasField("override")
    assert said.on_its_way is not None
    with pytest.raises(ConflictError):
        await said.on_its_way()
    assert (await said.newest()).override is None


async def test_of_two_that_lift_what_does_not_hold_neither_is_refused(async_client: redis.asyncio.Redis) -> None:
    class TakenMeanwhile(SaidLog):
        """Another call takes the number first."""

        async def write(self, intervention: Intervention, said: AuditEntry, *, is_new_freeze: bool = False) -> None:
            await SaidLog(async_client, "quantum").write(intervention, said, is_new_freeze=is_new_freeze)
            await super().write(intervention, said, is_new_freeze=is_new_freeze)

    lifted = await admin_over(TakenMeanwhile(async_client, "quantum")).clear_override(
        admin_pb2.ClearOverrideRequest(reason="to be sure"), CONTEXT
    )
    assert (lifted.state.number, lifted.state.HasField("override")) == (1, False)
