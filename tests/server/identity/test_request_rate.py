"""Requests of a caller in a second: as many as the rate at once, and then one whenever there is a token."""

from __future__ import annotations

import pytest
from set_clocks import SecondsClock

from strategic_memory_server.faults.limits import TooManyRequestsError
from strategic_memory_server.identity import request_rate
from strategic_memory_server.identity.request_rate import RequestRate


def refused_for_s(rate: RequestRate, caller: str, cost: float = 1.0) -> float:
    with pytest.raises(TooManyRequestsError, match=r"more than 10 requests a second \(A_SETTING\)") as refused:
        rate.take(caller, cost)
    assert refused.value.retry_s is not None
    return refused.value.retry_s


def test_a_burst_is_taken_and_then_as_many_as_the_rate() -> None:
    clock = SecondsClock(100.0)
    rate = RequestRate(10.0, "A_SETTING", clock)
    for _ in range(10):
        rate.take("one")
    assert refused_for_s(rate, "one") == pytest.approx(0.1)
    rate.take("two")
    # What is refused costs nothing, and the time that is told is enough.
    for _ in range(15):
        wait_s = refused_for_s(rate, "one")
        clock.now_s += wait_s + 1e-9
        rate.take("one")
    clock.now_s += 50.0
    for _ in range(10):
        rate.take("one")
    assert refused_for_s(rate, "one") > 0


def test_what_costs_more_takes_more_and_is_taken_even_so() -> None:
    clock = SecondsClock(100.0)
    rate = RequestRate(10.0, "A_SETTING", clock)
    rate.take("one", 5.0)
    rate.take("one", 5.0)
    assert refused_for_s(rate, "one", 5.0) == pytest.approx(0.5)
    # One that costs more than a whole second is taken by whoever has made none.
    rate.take("two", 25.0)
    assert refused_for_s(rate, "two") == pytest.approx(1.6)


def test_callers_without_number_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_rate, "_FEW", 8)
    clock = SecondsClock(100.0)
    rate = RequestRate(10.0, "A_SETTING", clock)
    for number in range(1_000):
        clock.now_s += 0.05
        rate.take(f"caller {number}")
    assert len(rate._full_at_s) <= 16
