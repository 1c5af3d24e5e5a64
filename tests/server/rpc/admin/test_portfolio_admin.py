"""What an operator is told of what they said, and what is taken of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from advice import NOW_MS, feedback
from google.protobuf.duration_pb2 import Duration
from set_clocks import MillisecondsClock

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.advice.intervention import ENDS_EARLY_MS, NO_INTERVENTION, Intervention, intervene
from strategic_memory_server.faults.errors import NothingToFreezeError
from strategic_memory_server.memory.override import Override
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.rpc.admin import portfolio_admin
from strategic_memory_server.rpc.admin.portfolio_admin import PortfolioAdmin

CONTEXT: Any = SimpleNamespace(peer=lambda: "ipv4:127.0.0.1:50000", time_remaining=lambda: None)
OVERRIDE = admin_pb2.SetOverrideRequest(leverage=0.5, reason="why", duration=Duration(seconds=60))


def hub_at(clock_ms: Callable[[], int]) -> FeedbackHub:
    """A hub at revision 7, whose validity lasts 180 s."""
    hub, newest = FeedbackHub("1.0.0", 3, RedisClock(elapsed_ms=clock_ms, wall_ms=clock_ms)), feedback(7)
    assert hub.load(LogSnapshot(LogState("e1", 7, 7, newest.times), (newest,), "0-0", "0-0"))
    return hub


def admin_of(hub: FeedbackHub, said: object, changed: ChangeSignal) -> PortfolioAdmin:
    sources = SimpleNamespace(hub=hub, changed=changed, said=said, clock_ms=hub.now_ms)
    portfolio: Any = SimpleNamespace(sources=sources, name="")
    return PortfolioAdmin(portfolio)


async def test_what_has_ended_while_the_process_stood_still_is_not_held() -> None:
    clock = MillisecondsClock(NOW_MS)

    class Said:
        def now_ms(self) -> int:
            return NOW_MS

        async def newest(self, _known: Intervention) -> Intervention:
            clock.now_ms += 181_000
            return NO_INTERVENTION

    asked = admin_pb2.FreezeRequest(reason="why", duration=Duration(seconds=3_600))
    with pytest.raises(NothingToFreezeError):
        await admin_of(hub_at(clock), Said(), ChangeSignal()).freeze(asked, CONTEXT)


async def test_what_was_carried_out_while_the_process_stood_still_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portfolio_admin, "LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr(portfolio_admin, "TAKEN_WITHIN_S", 30.0)
    hub, changed, loop = hub_at(MillisecondsClock(NOW_MS)), ChangeSignal(), asyncio.get_running_loop()

    class Said:
        def now_ms(self) -> int:
            return NOW_MS

        async def newest(self, _known: Intervention) -> Intervention:
            return NO_INTERVENTION

        async def write(self, intervention: Intervention, *_: object, is_new_freeze: bool) -> None:
            def is_read() -> None:
                said = feedback(8)
                assert hub.append(replace(said, advice=intervene(said.advice, intervention, ())))
                hub.intervention = intervention
                changed.notify()

            def stand_still() -> None:
                time.sleep(portfolio_admin.LONGEST_WAIT_S + 2 * portfolio_admin.LATE_S)
                # Some turns of the event loop are between an answer in the socket and what it says.
                loop.call_later(0.01, is_read)

            loop.call_soon(stand_still)

    state = (await admin_of(hub, Said(), changed).set_override(OVERRIDE, CONTEXT)).state
    assert (state.number, state.is_in_force, state.pending) == (1, True, "")


async def test_what_a_server_of_an_earlier_version_lifts_is_not_told_as_in_force() -> None:
    clock, override = MillisecondsClock(NOW_MS), Override(None, 0.5, False, "why", "desk", NOW_MS, NOW_MS + 60_000)
    hub, said = hub_at(clock), Intervention(1, override)

    class Said:
        async def newest(self, _known: Intervention) -> Intervention:
            return said

    admin, bound = admin_of(hub, Said(), ChangeSignal()), feedback(8)
    assert hub.append(replace(bound, advice=intervene(bound.advice, said, ())))
    # It has left what the state says of operators there.
    assert hub.confirm(LogState("e1", 8, 7, bound.times, intervention=said))
    assert (await admin.state()).state.is_in_force
    assert hub.append(feedback(9))
    state = (await admin.state()).state
    assert (state.is_in_force, state.pending, state.feedback.leverage_hint) == (False, portfolio_admin.LIFTED, 1.5)
    clock.now_ms = override.until_ms - ENDS_EARLY_MS - 1
    assert not (await admin.state()).state.is_in_force
    # From then on one of this version lifts it too, in an entry that comes before what the state says.
    clock.now_ms += 1
    assert (await admin.state()).state.is_in_force, "there is nothing to be under any more"
