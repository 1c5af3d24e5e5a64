"""Trades in another unit are found in the sums, however many others lie in the same cell, and usual ones are not."""

from __future__ import annotations

from random import Random

import pytest
from each_case import each_case

from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.cautions import has_outlier
from strategic_memory_server.evidence.cells import cells_of
from strategic_memory_server.evidence.far_cell import FAR, far_cell
from strategic_memory_server.evidence.sums import EvidenceSums, RegimeSums, add_observation
from strategic_memory_server.memory.policy import Policy

REGIMES = ("BULL", "BEAR", "RANGE")


def summed(pnl: list[float], seed: int = 1, spreads: tuple[float, ...] = (0.3, 1.0, 1.5)) -> EvidenceSums:
    """Usual trades of three policies in three regimes, and in the middle of them some of AGGRESSIVE in BULL."""
    random = Random(seed)
    rows = [
        (REGIMES[n % 3], n // 3 % 3, random.gauss(0.0, spreads[n // 3 % 3] * random.choice((1.0, 5.0))))
        for n in range(90)
    ]
    rows[45:45] = [("BULL", 2, each) for each in pnl]
    regimes, policies, found = zip(*rows, strict=True)
    return batch(0.998, regimes, policies, found)


@each_case("seed", range(40))
def test_usual_trades_are_not_far(seed: int) -> None:
    assert far_cell(summed([], seed, (0.1, 1.0, 5.0))) is None


@pytest.mark.parametrize("size", [1e4, 1e14, -1e14])
@pytest.mark.parametrize("trades", [1, 5])
def test_trades_in_another_unit_are_named(size: float, trades: int) -> None:
    found = far_cell(summed([size] * trades))
    assert found is not None
    assert (found.regime, found.policy) == ("BULL", Policy.AGGRESSIVE)
    assert found.size >= FAR * found.usual
    assert 0.1 < found.usual < 10.0


def test_nothing_is_usual_where_there_is_too_little() -> None:
    assert far_cell(batch(0.998, [], [], [])) is None
    assert far_cell(batch(0.998, ["BULL", "BULL"], [0, 1], [1e14, 0.1])) is None
    assert far_cell(batch(0.998, ["BULL"] * 3, [0, 1, 2], [0.0, 0.0, 0.0])) is None


@pytest.mark.parametrize(("size", "others"), [(0.001, 3), (1_000.0, 0)])
def test_what_decay_has_left_of_policies_long_unused_is_no_other_unit(size: float, others: int) -> None:
    regimes: dict[str, RegimeSums] = {}
    for policy in Policy:
        add_observation(regimes, None, 0.9, "BULL", policy, size)
    used = regimes["BULL"]
    # Sums of pnl and of weights end at the same smallest numbers, whatever the trades earned.
    for _ in range(8_000):
        add_observation(regimes, None, 0.9, "BULL", Policy.CONSERVATIVE, size)
    assert all(0.0 < cell.weight < 1e-300 for cell in regimes["BULL"][1:])
    sums = EvidenceSums(0.9, {"BULL": regimes["BULL"], "BEAR": regimes["BULL"], **dict.fromkeys("XYZ"[:others], used)})
    assert far_cell(sums) is None
    assert not has_outlier(cells_of(sums)[0], 10.0)
