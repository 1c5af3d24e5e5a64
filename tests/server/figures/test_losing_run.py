"""The longest losing run against a count of the runs."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from pnl_samples import PNL_LISTS, SEEDS, edge, prefixes
from repeatable import repeatable

from strategic_memory_server.columns.columns import float_column
from strategic_memory_server.figures.losing_run import longest_losing_run


def brute_force(values: list[float]) -> int:
    return max((len(list(run)) for losing, run in groupby(value < 0.0 for value in values) if losing), default=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_that_of_the_count_on_every_prefix(seed: int) -> None:
    for pnl in prefixes(seed):
        assert longest_losing_run(pnl) == (brute_force(pnl.tolist()) if pnl.size else None)


@pytest.mark.parametrize(
    ("name", "run"), [("empty", None), ("all wins", 0), ("zeros", 0), ("negative zeros", 0), ("all losses", 30)]
)
def test_the_edges(name: str, run: int | None) -> None:
    assert longest_losing_run(edge(name)) == run


def test_breaking_even_ends_a_run() -> None:
    assert longest_losing_run(float_column([-1.0, -1.0, 0.0, -1.0])) == 2


@repeatable(100)
@given(PNL_LISTS.filter(bool))
def test_it_is_the_same_backwards_and_never_shrinks(values: list[float]) -> None:
    pnl = float_column(values)
    found = longest_losing_run(pnl)
    assert found == brute_force(values) == longest_losing_run(pnl[::-1])
    assert found >= (longest_losing_run(pnl[:-1]) or 0)
