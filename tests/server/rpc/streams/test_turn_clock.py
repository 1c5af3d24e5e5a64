"""TurnClock: one time for all who ask in one turn of the event loop, and another one in the next."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from strategic_memory_server.rpc.streams import turn_clock
from strategic_memory_server.rpc.streams.turn_clock import TurnClock


async def test_the_time_is_asked_once_in_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_clock, "LONGEST_S", 3_600.0)
    clock = TurnClock(count().__next__)
    assert [clock.now_ms() for _ in range(3)] == [0, 0, 0]
    await asyncio.sleep(0)
    assert [clock.now_ms() for _ in range(3)] == [1, 1, 1]


async def test_a_turn_that_lasts_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_clock, "LONGEST_S", 0.0)
    clock = TurnClock(count().__next__)
    assert [clock.now_ms() for _ in range(3)] == [0, 1, 2]
