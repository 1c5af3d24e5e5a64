"""docs/same-figures.md: what each figure is here and in other libraries, and the call that gives ours there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from adapters.adapted_tools import run_with
from processes import REPOSITORY
from records.pinned import FIGURES
from server.figures import said_elsewhere

from strategic_memory_server.figures.performance import performance
from strategic_memory_server.figures.tail_risk import tail_risk

PAGE = (REPOSITORY / "docs" / "same-figures.md").read_text()
SERIES, ELSEWHERE = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SIDE = r"^(qs|ep)\."
ROUNDED = 5e-5
"""Relative error of a number that is rounded to five digits, at most."""


@dataclass(frozen=True)
class Row:
    """A row of the page: a figure of ours and a call of another library.

    Attributes:
        series: the name of the series.
        figure: path of the figure in `Performance`.
        ours: what the page says that it is; None for absent.
        call: the call of the other library, with what is left to its defaults.
        gives: what the page says that it gives.
        same_by: the call that gives ours; None where there is none.
    """

    series: str
    figure: str
    ours: float | None
    call: str
    gives: float
    same_by: str | None

    @property
    def calls(self) -> list[str]:
        return [self.call, *([self.same_by] if self.same_by else [])]

    @property
    def is_beside(self) -> bool:
        return bool(re.match(SIDE, self.call))


def rows() -> Iterator[Row]:
    """Read the tables: the figure, what it is, the call, what it gives, why, and which call gives ours."""
    series = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            series = line.split("`")[1]
        if line.startswith("| `"):
            figure, known, call, gives, _, same = (cell.strip(" `") for cell in line.strip("|").split(" | "))
            same_by = {"none": None, "this one": call}.get(same, same)
            yield Row(series, figure, None if known == "absent" else float(known), call, float(gives), same_by)


ROWS = tuple(rows())


@cache
def ours(series: str) -> object:
    names: dict[str, object] = {}
    exec(SERIES, names)  # noqa: S102  our own page
    return performance(np.asarray(names[series], dtype=np.float64))


def figure_of(row: Row) -> float | None:
    found = reduce(getattr, row.figure.split("."), ours(row.series))
    assert found is None or isinstance(found, float | int)
    return found


def compare(row: Row, said: dict[str, float]) -> None:
    figure, given = figure_of(row), said[row.call]
    assert figure == (None if row.ours is None else pytest.approx(row.ours, rel=ROUNDED)), row
    assert given == pytest.approx(row.gives, rel=ROUNDED, nan_ok=True), row
    is_same = figure is not None and given == pytest.approx(figure, rel=1e-9)
    assert is_same == (row.same_by == row.call), row
    if row.same_by is not None:
        assert said[row.same_by] == pytest.approx(figure, rel=1e-9), row


def test_pandas_and_scipy() -> None:
    here = [row for row in ROWS if not row.is_beside]
    assert len(here) > 15
    said = said_elsewhere.said(SERIES, [call for row in here for call in row.calls])
    for row in here:
        compare(row, said)


@pytest.mark.processes
def test_quantstats_and_empyrical() -> None:
    beside = [row for row in ROWS if row.is_beside]
    assert len(beside) > 15
    calls = [call for row in beside for call in row.calls]
    said = json.loads(run_with(FIGURES.name, Path(said_elsewhere.__file__), SERIES + ELSEWHERE, *calls))
    for row in beside:
        compare(row, said)


def test_the_page_names_the_releases_that_it_is_tested_with() -> None:
    for name in ("pandas", "scipy"):
        assert f"{name}=={version(name)}" in FIGURES.beside
    for requirement in (FIGURES.requirement, *FIGURES.beside):
        assert requirement.replace("==", " ") in PAGE


def test_the_value_at_risk_is_the_lower_quantile_whatever_the_number_of_trades() -> None:
    draws = np.random.default_rng(1)
    for number in range(20, 400):
        pnl = draws.normal(size=number)
        assert tail_risk(pnl).value_at_risk == -pd.Series(pnl).quantile(0.05, interpolation="lower"), number
