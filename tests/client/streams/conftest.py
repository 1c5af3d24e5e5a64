"""What the tests of `newest` share."""

from __future__ import annotations

import pytest
from client.streams.set_clock import SILENCE_S, Clock

from strategic_memory_client.streams.newest import NewestFeedback


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The wall clock of `newest`."""
    clock = Clock()
    monkeypatch.setattr("strategic_memory_client.streams.shown.time", clock)
    return clock


@pytest.fixture
def newest(clock: Clock) -> NewestFeedback:
    """What nothing has been heard of yet."""
    return NewestFeedback(SILENCE_S)
