"""Value at risk against numpy, and the conditional one against the minimum that defines it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pnl_samples import SEEDS, edge, prefixes, shuffled
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.tail_risk import TailRisk, tail_risk

PNL = st.lists(st.one_of(st.floats(-1e15, 1e15, allow_subnormal=False), st.floats(-3, 3)), min_size=20, max_size=90)


def shortfall(values: list[float]) -> float:
    """min over c of c + 20 mean max(-x - c, 0), which is reached at one of the losses (Rockafellar, Uryasev 2000)."""
    bounds, above = [], Fraction(0)
    for count, loss in enumerate(sorted((-Fraction(value) for value in values), reverse=True)):
        # Those before it are larger or equal, so that what exceeds it is their sum without it each time.
        bounds.append(loss + 20 * (above - count * loss) / len(values))
        above += loss
    return float(min(bounds))


@pytest.mark.parametrize("seed", SEEDS)
def test_they_are_those_of_numpy_and_of_the_minimum_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        found = tail_risk(pnl)
        if pnl.size < 20:
            assert found == TailRisk(None, None)
            continue
        assert found.value_at_risk == -float(np.quantile(pnl, 0.05, method="inverted_cdf"))
        assert found.conditional_value_at_risk == pytest.approx(shortfall(pnl.tolist()), rel=1e-12)


def test_the_tail_of_twenty_is_the_worst_and_of_thirty_one_and_a_half() -> None:
    assert tail_risk(float_column(range(-5, 15))) == TailRisk(5.0, 5.0)
    found = tail_risk(float_column(range(-5, 25)))
    assert found.value_at_risk == 4.0
    assert found.conditional_value_at_risk == pytest.approx((5.0 + 0.5 * 4.0) / 1.5)


@pytest.mark.parametrize(("name", "loss"), [("all equal", -0.1), ("all equal losses", 0.1), ("zeros", 0.0)])
def test_equal_trades_give_both_exactly(name: str, loss: float) -> None:
    assert tail_risk(edge(name)) == TailRisk(loss, loss)
    assert "-0.0" not in str(tail_risk(edge("zeros")))


@repeatable(100)
@given(PNL, st.integers(0, 99), st.integers(-60, 60))
def test_they_are_free_of_order_follow_the_unit_and_keep_their_bounds(
    values: list[float], seed: int, power: int
) -> None:
    pnl = float_column(values)
    found = tail_risk(pnl)
    assert tail_risk(shuffled(pnl, seed)) == found
    assert found.value_at_risk is not None
    assert found.conditional_value_at_risk is not None
    assert found.value_at_risk <= found.conditional_value_at_risk <= -min(values) + 1e-12 * max(map(abs, values))
    scaled = tail_risk(np.ldexp(pnl, power))
    assert scaled.value_at_risk == float(np.ldexp(found.value_at_risk, power))
    assert scaled.conditional_value_at_risk == pytest.approx(np.ldexp(found.conditional_value_at_risk, power), rel=1e-9)


@repeatable(100)
@given(PNL, st.floats(0.0, 1e3))
def test_a_certain_gain_lowers_both(values: list[float], gain: float) -> None:
    pnl = float_column(values)
    before, after = tail_risk(pnl), tail_risk(pnl + gain)
    assert before.value_at_risk is not None
    assert before.conditional_value_at_risk is not None
    size = 1e-14 * max(*map(abs, values), gain)
    assert after.value_at_risk == pytest.approx(before.value_at_risk - gain, rel=1e-12, abs=size)
    assert after.conditional_value_at_risk == pytest.approx(
        before.conditional_value_at_risk - gain, rel=1e-12, abs=20 * size
    )
