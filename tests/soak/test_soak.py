"""A short soak from a fixed seed, so that it cannot rot; and what its tables judge."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from soak.events import EVENTS
from soak.report import report
from soak.run import soak
from soak.vitals import Vitals, courses

SCALE = 0.02


@pytest.mark.system
@pytest.mark.processes
def test_one_round_breaks_no_promise(tmp_path: Path) -> None:
    came = asyncio.run(soak(0.0, 1, SCALE, tmp_path))
    assert came.problems == [], report(came)
    assert "What grows was not judged" in report(came)
    assert set(came.events) == set(EVENTS)
    assert len(came.history.publishes) > len(EVENTS)
    assert all(subscriber.streams for subscriber in came.history.subscribers)
    assert came.history.settled_ms is not None


@pytest.mark.parametrize(
    ("leak", "grown"),
    [
        (Vitals(0.0, 0, 0), set()),
        (Vitals(1.0, 0, 0), {"memory, MiB"}),
        (Vitals(0.0, 1, 0), {"threads"}),
        (Vitals(0.0, 0, 1), {"descriptors"}),
    ],
)
def test_what_grows_with_each_event_is_told(leak: Vitals, grown: set[str]) -> None:
    def sample(number: int) -> Vitals:
        # What comes and goes is no growth.
        memory_mib = 90.0 + 9.0 * (number % 3) + leak.memory_mib * number
        return Vitals(memory_mib, 8 + number % 2 + leak.threads * number, 20 + number % 3 + leak.descriptors * number)

    found = courses("one", [sample(number) for number in range(40)])
    assert {each.what for each in found if each.has_grown} == grown
