"""What the drawdown guard does to made-up results: 1,000 of them a world, in a tenth of the worlds.

All are followed, and have a mean of 0.05 and a spread of 1 on average. In calm worlds they are independent; in worlds
of clusters the spread is 0.5 or 2, and changes after 100 results on average. The guard is held against the same results
held as little all the time as it held on average: what is left of its worth then is no matter of exposure. Real panels
(daily returns that come with the package `arch`, long all the time) have rows of their own where that is installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import numpy as np

from strategic_memory_server.advice.drawdown_guard import ClosedTrades, GuardState
from strategic_memory_server.columns.columns import FloatColumn, index_column
from strategic_memory_server.figures.drawdown import maximum_drawdown
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.judging.guard_worth import UNIT, certainty_equivalent
from study.options import Options
from study.row import Hold, Row, at_least, at_most

RESULTS = 1_000
MEAN, CALM, WILD, CHANGES = 0.05, 0.5, 2.0, 0.01
PANELS = {"sp500": "Adj Close", "nasdaq": "Adj Close", "wti": "DCOILWTICO"}
"""Panels of `arch.data`, and the column that has prices."""

_AT_ONE = index_column([1])
_POLICY = index_column([Policy.BALANCED])


def rows(options: Options) -> list[Row]:
    """Measure the guard over calm worlds, worlds of clusters and the panels that are there."""
    worlds = options.share_of_worlds(10)
    found = [_measured(draw, options.generator(f"guard, {draw.__name__}"), worlds) for draw in (_calm, _clusters)]
    (calm_size, calm_drawdown, calm_worth), (size, drawdown, worth) = found
    return [
        _row("drawdown guard, calm: mean exposure", calm_size, at_least(0.9)),
        _row("drawdown guard, calm: deepest drawdown over that of as little all the time", calm_drawdown),
        _row("drawdown guard, calm: certainty equivalent above that of as little all the time", calm_worth),
        _row("drawdown guard, clusters: mean exposure", size, at_most(1.0)),
        _row("drawdown guard, clusters: deepest drawdown over that of as little all the time", drawdown, at_most(1.0)),
        _row(
            "drawdown guard, clusters: certainty equivalent above that of as little all the time", worth, at_least(0.0)
        ),
        *_panels(),
    ]


def factors(pnl: FloatColumn) -> FloatColumn:
    """Return the factor in force at each result: what is known before it."""
    state, found = GuardState().saying(Policy.BALANCED, 0), np.ones(pnl.size)
    for place in range(pnl.size):
        found[place] = state.factor
        state = state.after(ClosedTrades(_AT_ONE, _POLICY, pnl[place : place + 1]), place)
    return found


def _calm(generator: np.random.Generator) -> FloatColumn:
    return MEAN + generator.standard_normal(RESULTS)


def _clusters(generator: np.random.Generator) -> FloatColumn:
    changes = np.cumsum(generator.random(RESULTS) < CHANGES)
    return MEAN + np.where(changes % 2, WILD, CALM) * generator.standard_normal(RESULTS)


def _measured(
    draw: Callable[[np.random.Generator], FloatColumn], generator: np.random.Generator, worlds: int
) -> tuple[FloatColumn, FloatColumn, FloatColumn]:
    found = np.array([_against_as_little(draw(generator)) for _ in range(worlds)])
    return found[:, 0], found[:, 1], found[:, 2]


def _against_as_little(pnl: FloatColumn) -> tuple[float, float, float]:
    """Return mean exposure, deepest drawdown over that of as little all the time, and by how much more it is worth."""
    size = factors(pnl)
    mean = float(size.mean())
    flat, scale = np.full(pnl.size, mean), float(np.sqrt(np.mean(np.square(pnl)))) / UNIT
    guarded, little = maximum_drawdown(pnl * size), maximum_drawdown(pnl * flat)
    deep = guarded.depth / little.depth if guarded and little and little.depth else 1.0
    worth, other = certainty_equivalent(pnl * size, size, scale), certainty_equivalent(pnl * flat, flat, scale)
    return mean, deep, np.nan if worth is None or other is None else (worth - other) / scale * 1e4


def _row(test: str, measured: FloatColumn, hold: Hold | None = None) -> Row:
    error = float(measured.std() / np.sqrt(measured.size))
    unit = "bp" if "certainty" in test else ""
    return Row(test, float(measured.mean()), hold, error, unit)


def _panels() -> Iterator[Row]:
    for name, column in PANELS.items():
        try:
            prices = importlib.import_module(f"arch.data.{name}").load()[column].dropna().to_numpy()
        except ImportError:
            return
        size, deep, worth = _against_as_little(np.diff(np.log(prices)))
        yield Row(f"drawdown guard, {name} by day: mean exposure", size)
        yield Row(f"drawdown guard, {name} by day: deepest drawdown over that of as little all the time", deep)
        yield Row(f"drawdown guard, {name} by day: certainty equivalent above that", worth, unit="bp")
