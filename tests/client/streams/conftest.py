"""What the tests of `newest` share."""

from __future__ import annotations

import pytest
from client.streams.newest_by_time import NOW_S, SILENCE_S
from set_clocks import SecondsClock

from strategic_memory_client.streams.newest import NewestFeedback


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SecondsClock:
    """The wall clock of `newest`."""
    clock = SecondsClock(NOW_S)
    monkeypatch.setattr("strategic_memory_client.streams.shown.time", clock)
    return clock


@pytest.fixture
def newest(clock: SecondsClock) -> NewestFeedback:
    """What nothing has been heard of yet."""
    return NewestFeedback(SILENCE_S)
