"""What is missing in a data frame is not known, and its times are right, whatever package and release it is of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from adapters.adapted_tools import run_with
from client.wire import frame_columns
from client.wire.frame_columns import expected, sent
from each_case import each_case

from strategic_memory_client import InlineMemory, InvalidRequestError, PortfolioColumns, RegimeColumns, TradeColumns
from strategic_memory_client.wire.analysis_to_wire import analyze_request


def require_right(package: str, found: Iterable[tuple[str, str, list[Any]]]) -> None:
    right = expected()
    for holds, kind, values in found:
        assert values == right[holds], f"{holds} of {package}: {kind}"


@pytest.mark.parametrize("package", ["lists", "numpy", "pandas", "pyarrow"])
def test_columns_go_on_the_wire_as_they_are_meant(package: str) -> None:
    require_right(package, sent(package))


@pytest.mark.processes
def test_so_do_those_of_an_older_pandas_and_of_polars() -> None:
    found = json.loads(run_with("pandas", Path(frame_columns.__file__), "pandas", "polars"))
    assert {"pandas", "polars"} == set(found)
    for package, columns in found.items():
        require_right(package, columns)


NAIVE = datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)


def trades(**columns: Any) -> InlineMemory:  # noqa: ANN401  columns of any package
    return InlineMemory(trade_results=TradeColumns(**columns))


@each_case(
    ("memory", "field", "told"),
    [
        (trades(realized_pnl=pd.Series([1.0, None], dtype="Float64")), "realized_pnl[1]", "is not known: leave the"),
        (trades(time_ms=pd.Series([NAIVE, pd.NaT])), "time_ms[1]", "is not known: leave the entry out"),
        (trades(time_ms=np.array([1.767e9, np.nan])), "time_ms[1]", "is not known"),
        (trades(time_ms=[1_767_607_200, 1_767_607_260_000]), "time_ms[1]", "reads as milliseconds, and [0] is 1767"),
        (trades(opened_at=[0, 1_767_607_200 * 10**9, 1_767_607_260]), "opened_at[2]", "reads as seconds, and [1] is"),
        (trades(opened_at=["yesterday"]), "opened_at[0]", "is 'yesterday', which is no time: give ISO 8601 such as"),
        (trades(opened_at=[NAIVE]), "opened_at[0]", "must say its timezone"),
        (trades(opened_at=[1_767_607_200_000.5]), "opened_at[0]", "must be a whole number"),
        (trades(policy=[1.0]), "policy[0]", "must be a text, is 1.0"),
        (trades(policy={"BULL"}), "policy", "must be a column of values in their order, is a set"),
        (trades(realized_pnl=pd.Series([1.0, 2.0]).to_dict()), "realized_pnl", "values in their order, is a dict"),
        (trades(policy=pd.DataFrame({"policy": ["A"]})), "policy", "is a whole table: give one of its columns"),
        (trades(time_ms=pd.DataFrame({"time_ms": [1]})), "time_ms", "is a whole table: give one of its columns"),
        (trades(realized_pnl=np.array(1.0)), "realized_pnl", "must be a column of values, is array(1."),
        (
            trades(time_ms=np.array("2026-01-05", dtype="datetime64[ms]")),
            "time_ms",
            "must be a column of values, is array(",
        ),
        (trades(policy=5), "policy", "must be a column of values, is 5"),
        (trades(policy=pd.DataFrame({"policy": ["A"]}).to_numpy()), "policy[0]", "must be a text, is ['A']"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(memory: InlineMemory, field: str, told: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        analyze_request(memory, None)
    (violation,) = refused.value.violations
    assert violation.field == f"inline.trade_results.{field}"
    assert told in violation.description


def test_a_regime_that_is_observed_has_to_be_known() -> None:
    with pytest.raises(InvalidRequestError, match=r"regime_observations\.regime\[1\]: must be a text, is nan"):
        analyze_request(InlineMemory(RegimeColumns(regime=pd.Series(["BULL", None]))), None)


def test_whole_numbers_that_are_no_times_in_another_unit_are_milliseconds() -> None:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    cases: list[tuple[list[int | str | datetime], list[int]]] = [
        ([5, 3_600_000_000], [5, 3_600_000_000]),
        ([-5, 0], [-5, 0]),
        ([int(moment.timestamp()), moment, "2026-01-05"], [1_767_571_200_000] * 3),
    ]
    for given, right in cases:
        memory = InlineMemory(portfolio_entries=PortfolioColumns(time_ms=given))
        assert list(analyze_request(memory, None).inline.portfolio_entries.time_ms) == right
