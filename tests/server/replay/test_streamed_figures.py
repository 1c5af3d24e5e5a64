"""Figures of trades that are not held: those of the functions that hold them, whatever the pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from each_case import each_case

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures import block_bootstrap
from strategic_memory_server.figures.breakdown import breakdown
from strategic_memory_server.figures.drawdown import maximum_drawdown
from strategic_memory_server.figures.drift import recent_drift
from strategic_memory_server.figures.losing_run import longest_losing_run
from strategic_memory_server.figures.performance import performance
from strategic_memory_server.figures.tail_risk import tail_risk
from strategic_memory_server.replay.streamed.cell_bootstrap import MOST_CELLS, CellSums
from strategic_memory_server.replay.streamed.drawdown_course import DrawdownCourse
from strategic_memory_server.replay.streamed.losing_run import LosingRun
from strategic_memory_server.replay.streamed.performance_scans import ScannedPerformance
from strategic_memory_server.replay.streamed.table_scans import scanned_figures
from strategic_memory_server.replay.streamed.tail_search import TailSearch
from strategic_memory_server.replay.trade_table import Trades, TradeTable

NOW_MS = 10_000_000


def samples(seed: int) -> FloatColumn:
    """Pnl of many kinds: skewed, rounded, tiny, huge, far from 0, dependent, or all the same."""
    source = np.random.default_rng(seed)
    size = int(source.integers(60, 900))
    normal = source.normal(0.1, 1.0, size)
    kinds = [
        normal,
        np.round(normal),
        normal * 1e-300,
        normal * 1e15,
        1e6 + normal * 1e-3,
        np.exp(3.0 * normal),
        np.convolve(source.normal(size=size + 9), np.ones(10) / 10, mode="valid"),
        np.full(size, -2.5),
        np.zeros(size),
        np.abs(normal),
        -np.abs(np.round(normal, 1)),
    ]
    return kinds[seed % len(kinds)]


def parts(size: int, seed: int) -> Iterator[slice]:
    source = np.random.default_rng(seed)
    ends = np.sort(source.integers(0, size + 1, int(source.integers(0, 12)))).tolist()
    for start, end in zip([0, *ends], [*ends, size], strict=True):
        yield slice(start, end)


_OF_MONEY = {
    "mean", "interval", "gross_profit", "gross_loss", "expectancy", "depth", "value_at_risk",
    "conditional_value_at_risk", "difference", "standard_error",
}  # fmt: skip


def flat(figures: object, unit: float = 1.0, name: str = "") -> dict[str, object]:
    """Give all figures by name, those of money in some unit."""
    if dataclasses.is_dataclass(figures):
        parts = {field.name: getattr(figures, field.name) for field in dataclasses.fields(figures)}
    elif isinstance(figures, tuple):
        parts = {str(place): each for place, each in enumerate(figures)}
    else:
        money = not _OF_MONEY.isdisjoint(name.split("."))
        return {name: figures * unit if isinstance(figures, float) and money else figures}
    found: dict[str, object] = {}
    for part, value in parts.items():
        found |= flat(value, unit, f"{name}.{part}")
    return found


def check_same(one: object, other: object, unit: float = 1.0) -> None:
    """Compare figures, numbers to 1e-9."""
    found, expected = flat(one, unit), flat(other, unit)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
        else:
            assert found[name] == value, name


@each_case("seed", range(66))
def test_all_figures_are_those_of_trades_that_are_held(seed: int) -> None:
    pnl = samples(seed)
    time_ms = np.sort(np.random.default_rng(seed).integers(0, NOW_MS, pnl.size))
    scans = ScannedPerformance(pnl.size, NOW_MS)
    while not scans.done:
        for part in parts(pnl.size, seed):
            scans.add(pnl[part], time_ms[part])
        scans.end_scan()
    # What rounding makes of them is of the size of the largest pnl, not of a mean near 0.
    unit = 1.0 / (float(np.abs(pnl).max()) or 1.0)
    check_same(scans.performance(), performance(pnl, time_ms=time_ms, now_ms=NOW_MS), unit)
    check_same(scans.drift(), recent_drift(pnl, 50), unit)


@each_case("seed", range(40))
def test_the_deepest_fall_is_found_in_any_pieces(seed: int) -> None:
    source = np.random.default_rng(seed)
    pnl = source.choice([-1.0, 0.0, 1.0], size=int(source.integers(1, 60)))
    time_ms = np.sort(source.integers(0, 99, pnl.size))
    course, run = DrawdownCourse(), LosingRun()
    for part in parts(pnl.size, seed):
        course.add(pnl[part], time_ms[part])
        run.add(pnl[part])
    assert course.found() == maximum_drawdown(pnl, time_ms)
    assert run.longest == longest_losing_run(pnl)


@each_case("most_collected", [1, 20, 4_096])
@each_case("seed", range(22))
def test_the_tail_is_found_however_few_values_are_held(most_collected: int, seed: int) -> None:
    pnl = samples(seed)
    search, scans = TailSearch(pnl.size, most_collected), 0
    while not search.done:
        for part in parts(pnl.size, scans):
            search.add(pnl[part])
        search.end_scan()
        scans += 1
    expected = tail_risk(pnl)
    assert search.found().value_at_risk == expected.value_at_risk
    assert search.found().conditional_value_at_risk == pytest.approx(expected.conditional_value_at_risk, rel=1e-12)
    assert scans <= 7


def test_up_to_the_most_cells_the_bootstrap_is_the_same() -> None:
    values = np.random.default_rng(5).normal(size=3_000)
    values -= values.mean()
    cells = CellSums(values.size)
    for part in parts(values.size, 5):
        cells.add(values[part])
    assert cells.interval(40) == pytest.approx(block_bootstrap.ends_of_mean(values, 40), rel=1e-9)


@pytest.mark.parametrize("dependence", [0.0, 0.9])
def test_beyond_the_interval_is_as_wide_within_5_per_cent(dependence: float) -> None:
    source = np.random.default_rng(8)
    noise = source.normal(size=20 * MOST_CELLS + 77)
    values = noise.copy()
    for lag in range(1, 30):
        values[lag:] += dependence**lag * noise[:-lag]
    values -= values.mean()
    cells = CellSums(values.size)
    cells.add(values)
    length = block_bootstrap.block_length(values.size, dependence)
    low, high = block_bootstrap.ends_of_mean(values, length)
    found = cells.interval(length)
    assert found == pytest.approx((low, high), abs=0.05 * (high - low))


@pytest.mark.parametrize("few_trades", [50, 400])
def test_groups_are_those_of_a_table_that_is_held(few_trades: int) -> None:
    source = np.random.default_rng(9)
    size = 4_000
    regime = source.choice(90, size=size, p=np.arange(1, 91) / np.arange(1, 91).sum())
    policy, pnl = source.integers(-1, 3, size), source.normal(size=size)
    time_ms = np.sort(source.integers(0, NOW_MS, size))

    def pieces() -> Iterator[Trades]:
        for part in parts(size, 3):
            yield Trades(np.arange(size)[part], time_ms[part], regime[part], policy[part], pnl[part])

    told: list[None] = []
    whole, groups = scanned_figures(
        TradeTable(pieces, size, NOW_MS, may_be_held=False), lambda: told.append(None), few_trades
    )
    check_same(whole, performance(pnl, time_ms=time_ms, now_ms=NOW_MS))
    check_same(groups, breakdown(pnl, regime, policy, time_ms=time_ms, now_ms=NOW_MS))
    assert groups.regimes_left_out > 10
    assert told
