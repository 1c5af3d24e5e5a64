"""Leverage: from confidence and relative spread, within bounds, below every cap, and with the name of what bound it."""

from __future__ import annotations

import math

import pytest

from strategic_memory_server.evidence.leverage import INTERVAL_CAP, Leverage, leverage_hint


@pytest.mark.parametrize(
    ("confidence", "relative_spread", "expected"),
    [(0.5, 1.0, 1.0), (0.7, 1.0, 1.2), (0.7, 2.0, 0.6), (0.9, 0.5, 1.4), (0.1, 3.0, 0.5), (1.0, 1e-9, 1.5)],
)
def test_without_caps(confidence: float, relative_spread: float, expected: float) -> None:
    found = leverage_hint(confidence, relative_spread, interval_low=0.01)
    assert found.hint == found.uncapped == pytest.approx(expected)
    assert found.bound_by is None


@pytest.mark.parametrize("interval_low", [-0.01, 0.0])
def test_an_interval_that_reaches_nothing_keeps_it_at_one(interval_low: float) -> None:
    assert leverage_hint(0.9, 1.0, interval_low) == Leverage(1.0, 1.4, INTERVAL_CAP)
    assert leverage_hint(0.3, 1.0, interval_low) == Leverage(0.8, 0.8, None)


def test_the_lowest_cap_binds_and_is_named() -> None:
    caps = {"max_leverage_hint": 1.3, "drawdown": 1.2}
    assert leverage_hint(0.9, 1.0, 0.01, caps) == Leverage(1.2, 1.4, "drawdown")
    assert leverage_hint(0.9, 1.0, -0.01, caps).bound_by == INTERVAL_CAP
    assert leverage_hint(0.5, 1.0, 0.01, caps).bound_by is None


def test_a_cap_may_go_below_the_bounds() -> None:
    assert leverage_hint(0.9, 1.0, 0.01, {"max_leverage_hint": 0.25}).hint == 0.25
    assert leverage_hint(0.9, 1.0, 0.01, {"max_leverage_hint": 0.0}).hint == 0.0


def test_of_equal_caps_the_first_by_name_binds() -> None:
    caps = {"b": 1.1, "a": 1.1}
    assert leverage_hint(0.9, 1.0, 0.01, caps).bound_by == "a"


def test_a_cap_that_only_equals_the_leverage_does_not_bind() -> None:
    assert leverage_hint(0.5, 1.0, 0.01, {"max_leverage_hint": 1.0}) == Leverage(1.0, 1.0, None)


@pytest.mark.parametrize("cap", [math.nan, math.inf, -0.1])
def test_a_cap_that_is_none_is_refused(cap: float) -> None:
    with pytest.raises(ValueError, match=r"^the leverage cap limit is "):
        leverage_hint(0.5, 1.0, 0.01, {"limit": cap})


@pytest.mark.parametrize(
    ("cap", "shown"),
    [
        (1.238, (1.238, "cap")),
        (1.2361, (1.2361, "cap")),
        (1.2, (1.2, "cap")),
        (1.24, (1.24, None)),
        (2.0, (1.24, None)),
    ],
)
def test_rounding_takes_it_above_no_cap(cap: float, shown: tuple[float, str | None]) -> None:
    """1.2360 is shown as 1.24, unless a cap lies between the two."""
    assert leverage_hint(0.736, 1.0, 0.01, {"cap": cap}).rounded(2) == shown


def test_rounding_without_a_cap() -> None:
    assert leverage_hint(0.736, 1.0, 0.01).rounded(2) == (1.24, None)
