"""A call whose answer was lost is sent again, to another server too: nobody is told of a conflict with themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import redis.asyncio
from advice import NOW_MS, feedback
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from redis.exceptions import TimeoutError as RedisTimeoutError
from set_clocks import MillisecondsClock

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.faults.errors import InterventionChangedError, InterventionNotKnownError
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.said_log import AuditEntry, SaidLog
from strategic_memory_server.rpc.admin import portfolio_admin
from strategic_memory_server.rpc.admin.portfolio_admin import PortfolioAdmin

KEYS = LogKeys.under("quantum")
LOWER = admin_pb2.SetOverrideRequest(leverage=0.5, reason="exchange degraded", duration=Duration(seconds=3_600))
HOLD = admin_pb2.FreezeRequest(reason="producer replaced", duration=Duration(seconds=3_600))
LIFT = admin_pb2.ClearOverrideRequest(reason="back", replaces=1)


class Unheard(SaidLog):
    """Carries out what is written, and loses the answer."""

    async def write(self, intervention: Intervention, said: AuditEntry, *, is_new_freeze: bool = False) -> None:
        await super().write(intervention, said, is_new_freeze=is_new_freeze)
        raise RedisTimeoutError("Timeout reading from Redis")


class Overtaken(SaidLog):
    """Reads what operators have said, before the same call is carried out by another server."""

    meanwhile: Any = None

    async def write(self, intervention: Intervention, said: AuditEntry, *, is_new_freeze: bool = False) -> None:
        await self.meanwhile()
        await super().write(intervention, said, is_new_freeze=is_new_freeze)


@pytest.fixture(autouse=True)
def nobody_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is carried out here, and nobody waits for it."""
    monkeypatch.setattr(portfolio_admin, "LONGEST_WAIT_S", 0.0)


def server(said: SaidLog, clock: MillisecondsClock) -> PortfolioAdmin:
    """One of several, at revision 7."""
    hub, newest = FeedbackHub("1.0.0", 3, RedisClock(elapsed_ms=clock, wall_ms=clock)), feedback(7)
    assert hub.load(LogSnapshot(LogState("e1", 7, 7, newest.times), (newest,), "0-0", "0-0"))
    sources = SimpleNamespace(hub=hub, changed=ChangeSignal(), said=said, clock_ms=clock)
    portfolio: Any = SimpleNamespace(sources=sources, name="")
    return PortfolioAdmin(portfolio)


def by(peer: str = "ipv4:10.0.0.7:50000") -> Any:  # noqa: ANN401  it stands for the context of a call
    return SimpleNamespace(peer=lambda: peer, time_remaining=lambda: None)


async def say(admin: PortfolioAdmin, request: Any, context: Any = None) -> admin_pb2.AdminState:  # noqa: ANN401
    call: Any = {
        admin_pb2.SetOverrideRequest: admin.set_override,
        admin_pb2.FreezeRequest: admin.freeze,
        admin_pb2.ClearOverrideRequest: admin.clear_override,
    }[type(request)]
    answer: Any = await call(request, context or by())
    state: admin_pb2.AdminState = answer.state
    return state


async def begin(client: redis.asyncio.Redis, request: object, clock: MillisecondsClock) -> None:
    """Let revision 7 be in force, and something hold where it is to be lifted."""
    await client.hset(KEYS.state, mapping={"epoch": "e1", "revision": "7"})
    if isinstance(request, admin_pb2.ClearOverrideRequest):
        await say(server(SaidLog(client, "quantum"), clock), LOWER)


@pytest.mark.parametrize("request_", [LOWER, HOLD, LIFT])
async def test_what_was_written_without_an_answer_is_told_to_whoever_says_it_again(
    async_client: redis.asyncio.Redis, request_: object
) -> None:
    clock = MillisecondsClock(NOW_MS)
    await begin(async_client, request_, clock)
    with pytest.raises(InterventionNotKnownError):
        await say(server(Unheard(async_client, "quantum"), clock), request_)
    written = await async_client.xlen(KEYS.interventions)
    clock.now_ms += 5_000
    # Over another connection, as to another server.
    state = await say(server(SaidLog(async_client, "quantum"), clock), request_, by("ipv4:10.0.0.7:50001"))
    assert state.number == written
    assert state.HasField("override") is (request_ is LOWER)
    assert state.HasField("freeze") is (request_ is HOLD)
    assert await async_client.xlen(KEYS.interventions) == written


@pytest.mark.parametrize("request_", [LOWER, HOLD, LIFT])
async def test_a_call_that_two_servers_have_at_once_is_carried_out_once(
    async_client: redis.asyncio.Redis, request_: object
) -> None:
    clock = MillisecondsClock(NOW_MS)
    await begin(async_client, request_, clock)
    overtaken, other = Overtaken(async_client, "quantum"), server(SaidLog(async_client, "quantum"), clock)
    overtaken.meanwhile = lambda: say(other, request_)
    state = await say(server(overtaken, clock), request_)
    assert state.number == await async_client.xlen(KEYS.interventions)


@pytest.mark.parametrize(
    "other",
    [
        admin_pb2.SetOverrideRequest(leverage=0.4, reason="exchange degraded", duration=Duration(seconds=3_600)),
        admin_pb2.SetOverrideRequest(leverage=0.5, reason="another reason", duration=Duration(seconds=3_600)),
        admin_pb2.SetOverrideRequest(leverage=0.5, reason="exchange degraded", duration=Duration(seconds=7_200)),
        admin_pb2.SetOverrideRequest(
            leverage=0.5, reason="exchange degraded", until=Timestamp(seconds=NOW_MS // 1000 + 1_800)
        ),
        admin_pb2.FreezeRequest(reason="exchange degraded", duration=Duration(seconds=3_600)),
        admin_pb2.ClearOverrideRequest(reason="exchange degraded"),
        admin_pb2.ClearOverrideRequest(part=admin_pb2.INTERVENTION_PART_FREEZE, reason="exchange degraded"),
    ],
)
async def test_whoever_says_something_else_has_to_name_what_holds(
    async_client: redis.asyncio.Redis,
    other: Any,  # noqa: ANN401
) -> None:
    clock = MillisecondsClock(NOW_MS)
    await begin(async_client, other, clock)
    admin = server(SaidLog(async_client, "quantum"), clock)
    if not isinstance(other, admin_pb2.ClearOverrideRequest):
        await say(admin, LOWER)
    with pytest.raises(InterventionChangedError, match="to replace it name its number, 1"):
        await say(admin, other)


async def test_whoever_says_it_later_or_is_another_one_has_to_name_what_holds(
    async_client: redis.asyncio.Redis,
) -> None:
    clock = MillisecondsClock(NOW_MS)
    admin = server(SaidLog(async_client, "quantum"), clock)
    await say(admin, LOWER)
    with pytest.raises(InterventionChangedError):
        await say(admin, LOWER, by("ipv4:10.0.0.8:50000"))
    clock.now_ms += 61_000
    with pytest.raises(InterventionChangedError):
        await say(admin, LOWER)


async def test_whoever_names_what_holds_replaces_it_by_the_same(async_client: redis.asyncio.Redis) -> None:
    clock = MillisecondsClock(NOW_MS)
    admin = server(SaidLog(async_client, "quantum"), clock)
    await say(admin, LOWER)
    clock.now_ms += 5_000
    longer = admin_pb2.SetOverrideRequest()
    longer.CopyFrom(LOWER)
    longer.replaces = 1
    state = await say(admin, longer)
    assert (state.number, state.override.until.ToMilliseconds()) == (2, clock.now_ms + 3_600_000)
    # The answer to this one, too, may be lost.
    assert (await say(admin, longer)).number == 2
