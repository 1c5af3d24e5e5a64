"""When pieces are due at the other end of a bad link."""

from __future__ import annotations

import random

import pytest
from faults.link_conditions import PERFECT, DepartureTimes, LinkConditions


@pytest.fixture
def departures() -> DepartureTimes:
    return DepartureTimes(random.Random(1))


def test_a_perfect_link_takes_no_time(departures: DepartureTimes) -> None:
    assert departures.due_s(PERFECT, 5.0, 1_000) == 5.0


def test_every_piece_is_delayed_by_the_same(departures: DepartureTimes) -> None:
    slow = LinkConditions(delay_ms=200)
    assert [departures.due_s(slow, now_s, 10) for now_s in (1.0, 1.1)] == [1.2, 1.3]


def test_jitter_varies_and_keeps_the_order(departures: DepartureTimes) -> None:
    shaky = LinkConditions(delay_ms=10, jitter_ms=50)
    due = [departures.due_s(shaky, number / 1_000, 10) for number in range(100)]
    assert due == sorted(due)
    delays = [each - number / 1_000 for number, each in enumerate(due)]
    assert 0.010 <= min(delays) < max(delays) <= 0.061


def test_the_same_seed_gives_the_same_jitter() -> None:
    shaky = LinkConditions(jitter_ms=50)
    one, other = (DepartureTimes(random.Random(3)).due_s(shaky, 1.0, 1) for _ in range(2))
    assert one == other


def test_a_throttled_link_passes_so_many_bytes_a_second(departures: DepartureTimes) -> None:
    narrow = LinkConditions(bytes_per_s=1_000)
    assert [departures.due_s(narrow, 1.0, 100) for _ in range(3)] == pytest.approx([1.1, 1.2, 1.3])
    assert departures.due_s(narrow, 9.0, 500) == pytest.approx(9.5)


def test_a_delay_before_a_narrow_place_adds_up(departures: DepartureTimes) -> None:
    assert departures.due_s(LinkConditions(delay_ms=100, bytes_per_s=1_000), 1.0, 100) == pytest.approx(1.2)


def test_a_healed_link_forgets_what_it_owed(departures: DepartureTimes) -> None:
    departures.due_s(LinkConditions(bytes_per_s=1), 1.0, 1_000)
    departures.forget()
    assert departures.due_s(LinkConditions(delay_ms=100), 2.0, 10) == pytest.approx(2.1)
