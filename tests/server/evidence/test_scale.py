"""Scale: how widely pnl spreads, by regime and policy; nothing depends on its unit."""

from __future__ import annotations

import numpy as np
import pytest
from evidence_samples import made_up_trades, one_by_one

from strategic_memory_server.evidence.cells import Cells, cells_of
from strategic_memory_server.evidence.scale import scale_of

EMPTY = Cells(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3)))


def test_without_observations_everything_is_one() -> None:
    scale = scale_of(EMPTY, 10.0)
    assert (float(scale.unit), float(scale.risk)) == (1.0, 1.0)
    np.testing.assert_array_equal(scale.spread, np.ones((2, 3)))
    np.testing.assert_array_equal(scale.regime, np.ones(2))


def test_pnl_that_is_always_nothing_tells_no_scale() -> None:
    scale = scale_of(Cells(np.full((2, 3), 50.0), np.zeros((2, 3)), np.zeros((2, 3))), 10.0)
    assert (float(scale.unit), float(scale.risk)) == (1.0, 1.0)
    np.testing.assert_array_equal(scale.spread, np.ones((2, 3)))


def test_one_cell_by_hand() -> None:
    weight, squares = np.zeros((2, 3)), np.zeros((2, 3))
    weight[0, 2], squares[0, 2] = 30.0, 30.0 * 4.0
    scale = scale_of(Cells(weight, np.zeros((2, 3)), squares), 10.0)
    # All that was seen has a mean square of 4, so that is what is expected everywhere.
    assert scale.unit == 2.0
    np.testing.assert_allclose(scale.spread, np.ones((2, 3)))


def test_a_wild_policy_by_hand() -> None:
    weight = np.array([[40.0, 0.0, 10.0]])
    squares = np.array([[40.0, 0.0, 160.0]])
    scale = scale_of(Cells(weight, np.zeros((1, 3)), squares), 10.0)
    square = 200.0 / 50.0
    regime = (10.0 * square + 200.0) / 60.0
    policies = [(10.0 * square + 40.0) / 50.0, square, (10.0 * square + 160.0) / 20.0]
    cells = [
        (10.0 * regime * policies[0] / square + 40.0) / 50.0,
        regime * policies[1] / square,
        (10.0 * regime * policies[2] / square + 160.0) / 20.0,
    ]
    assert scale.unit**2 == pytest.approx(square)
    assert (scale.unit * scale.regime[0]) ** 2 == pytest.approx(regime)
    np.testing.assert_allclose((scale.unit * scale.spread[0]) ** 2, cells)
    assert (scale.unit * scale.risk) ** 2 == pytest.approx(sum(policies) / 3)


def test_the_risk_scale_does_not_depend_on_how_often_each_policy_traded() -> None:
    spreads = np.array([0.5, 1.0, 2.0])
    even, lopsided = np.array([[1e6, 1e6, 1e6]]), np.array([[1e9, 1e6, 1e6]])
    one, other = (
        scale_of(Cells(weight, np.zeros((1, 3)), weight * np.square(spreads)), 10.0) for weight in (even, lopsided)
    )
    assert float(other.unit * other.risk) == pytest.approx(float(one.unit * one.risk), rel=1e-3)
    assert float(other.unit) < 0.5 * float(one.unit)


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e3, 1e12])
def test_the_unit_of_pnl_is_only_in_the_unit(factor: float) -> None:
    cells, _ = cells_of(one_by_one(made_up_trades(seed=7, count=200), 0.998))
    one = scale_of(cells, 10.0)
    other = scale_of(Cells(cells.weight, cells.pnl * factor, cells.squared_pnl * factor**2), 10.0)
    assert float(other.unit) == pytest.approx(factor * float(one.unit), rel=1e-14)
    np.testing.assert_allclose(other.spread, one.spread, rtol=1e-13)
    np.testing.assert_allclose(other.regime, one.regime, rtol=1e-13)
    assert float(other.risk) == pytest.approx(float(one.risk), rel=1e-13)
