"""Inline memories: refused whole with the column and the index of the first bad value, or built as they are."""

from __future__ import annotations

import math

import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from memory_rows import report_of
from regime_figures import caps
from repeatable import repeatable
from server.rpc.inline.inline_reading import read

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.columns.stream_position import MAX_TIME_MS
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.memory.window_settings import MAX_WINDOW, WindowSettings
from strategic_memory_server.rpc.inline.inline_names import NAMES_AT_ONCE

RegimeColumns = memory_pb2.RegimeColumns
PortfolioColumns = memory_pb2.PortfolioColumns
TradeColumns = memory_pb2.TradeColumns
NAN = math.nan
NOW_MS = 1_766_296_800_000


inline = memory_pb2.InlineMemory


def violation(message: memory_pb2.InlineMemory) -> tuple[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        read(message)
    (found,) = refused.value.violations
    return found.field, found.description


@each_case(
    ("table", "field"),
    [
        (RegimeColumns(regime=["A", "B"], pnl=[1.0]), "regime_observations.pnl"),
        (RegimeColumns(pnl=[1.0]), "regime_observations.pnl"),
        (RegimeColumns(regime=["A"], pnl=[1.0], confidence=[0.1, 0.2]), "regime_observations.confidence"),
        (RegimeColumns(regime=["A"], pnl=[1.0], time_ms=[1, 2]), "regime_observations.time_ms"),
        (RegimeColumns(regime=["A", ""], pnl=[1.0, 1.0]), "regime_observations.regime[1]"),
        (RegimeColumns(regime=["A", "x" * 65], pnl=[1.0, 1.0]), "regime_observations.regime[1]"),
        (RegimeColumns(regime=["A", "\x07"], pnl=[1.0, 1.0]), "regime_observations.regime[1]"),
        (RegimeColumns(regime=["A"] * 3, pnl=[1.0, NAN, math.inf]), "regime_observations.pnl[2]"),
        (RegimeColumns(regime=["A"] * 3, pnl=[1.0, 1.0, -math.inf]), "regime_observations.pnl[2]"),
        (RegimeColumns(regime=["A"] * 2, pnl=[1.0, 1e300]), "regime_observations.pnl[1]"),
        (RegimeColumns(regime=["A"] * 2, pnl=[1.0] * 2, trend=[NAN, math.inf]), "regime_observations.trend[1]"),
        (RegimeColumns(regime=["A"] * 2, pnl=[1.0] * 2, volatility=[-2e15, NAN]), "regime_observations.volatility[0]"),
        (RegimeColumns(regime=["A"] * 3, pnl=[1.0] * 3, time_ms=[5, 5, 4]), "regime_observations.time_ms[2]"),
        (
            RegimeColumns(regime=["A"] * 2, pnl=[1.0] * 2, time_ms=[0, MAX_TIME_MS + 1]),
            "regime_observations.time_ms[1]",
        ),
        (RegimeColumns(regime=["A"], pnl=[1.0], time_ms=[-(2**63)]), "regime_observations.time_ms[0]"),
    ],
)
def test_a_bad_column_of_observations_is_named_with_the_index(table: memory_pb2.RegimeColumns, field: str) -> None:
    assert violation(inline(regime_observations=table))[0] == f"inline.{field}"


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (PortfolioColumns(regime=["A"]), "portfolio_entries.regime"),
        (PortfolioColumns(pnl=[1.0, 2.0], regime=["A"]), "portfolio_entries.regime"),
        (PortfolioColumns(pnl=[1.0, NAN]), "portfolio_entries.pnl[1]"),
        (PortfolioColumns(pnl=[1.0], regime=["x" * 65]), "portfolio_entries.regime[0]"),
        (PortfolioColumns(pnl=[1.0] * 2, time_ms=[2, 1]), "portfolio_entries.time_ms[1]"),
        (PortfolioColumns(pnl=[1.0], opened_at=[NOW_MS]), "portfolio_entries.opened_at"),
    ],
)
def test_a_bad_column_of_portfolio_entries(table: memory_pb2.PortfolioColumns, field: str) -> None:
    assert violation(inline(portfolio_entries=table))[0] == f"inline.{field}"


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (TradeColumns(realized_pnl=[NAN]), "trade_results.realized_pnl[0]"),
        (TradeColumns(realized_pnl=[1.0], market_regime=["A", "B"]), "trade_results.market_regime"),
        (TradeColumns(realized_pnl=[1.0] * 2, policy=["", "YOLO"]), "trade_results.policy[1]"),
        (TradeColumns(realized_pnl=[1.0], strategy=["a\nb"]), "trade_results.strategy[0]"),
        (TradeColumns(realized_pnl=[1.0], policy=["BALANCED"] * 2), "trade_results.policy"),
        (TradeColumns(realized_pnl=[1.0] * 2, time_ms=[1]), "trade_results.time_ms"),
        (TradeColumns(realized_pnl=[1.0] * 2, time_ms=[1, 2], opened_at=[1]), "trade_results.opened_at"),
        (TradeColumns(realized_pnl=[1.0] * 2, time_ms=[NOW_MS] * 2, opened_at=[0, 1]), "trade_results.opened_at[1]"),
        (TradeColumns(realized_pnl=[1.0], time_ms=[NOW_MS], opened_at=[2**62]), "trade_results.opened_at[0]"),
        (
            TradeColumns(realized_pnl=[1.0] * 2, time_ms=[NOW_MS] * 2, opened_at=[NOW_MS, NOW_MS + 60_001]),
            "trade_results.opened_at[1]",
        ),
    ],
)
def test_a_bad_column_of_trades(table: memory_pb2.TradeColumns, field: str) -> None:
    assert violation(inline(trade_results=table))[0] == f"inline.{field}"


@pytest.mark.parametrize("index", [0, NAMES_AT_ONCE - 1, NAMES_AT_ONCE, 2 * NAMES_AT_ONCE + 5])
def test_the_index_of_a_bad_name_counts_from_the_first_entry(index: int) -> None:
    length = 2 * NAMES_AT_ONCE + 10
    names = [""] * length
    names[index] = names[-1] = "a\nb"
    trades = TradeColumns(realized_pnl=[1.0] * length, strategy=names)
    assert violation(inline(trade_results=trades))[0] == f"inline.trade_results.strategy[{index}]"


def test_notes_are_those_of_the_window() -> None:
    message = inline(
        regime_observations=RegimeColumns(regime=["A"], pnl=[0.0], time_ms=[100]),
        portfolio_entries=PortfolioColumns(pnl=[1.0] * 4, time_ms=[1, 2, 99, 200], regime=["", "", "", ""]),
        trade_results=TradeColumns(
            realized_pnl=[1.0] * 4, time_ms=[99, 100, 101, 102], market_regime=["", "", "B", ""]
        ),
    )
    memory = read(message, WindowSettings(portfolio=2, trades=2))
    assert report_of(memory, "stream:portfolio.memory").noted == {
        "regime_not_observed": 1,
        "regime_inferred": 1,
        "outside_window": 2,
    }
    assert report_of(memory, "stream:trade.results").noted == {"regime_inferred": 1, "outside_window": 2}


@pytest.mark.parametrize("cap", [NAN, math.inf, -0.5, 1e300])
def test_a_bad_cap(cap: float) -> None:
    assert violation(inline(max_leverage_hint=cap))[0] == "inline.max_leverage_hint"


def test_too_many_entries_are_refused_before_they_are_read() -> None:
    field, description = violation(inline(portfolio_entries=PortfolioColumns(pnl=[NAN] * (MAX_WINDOW + 1))))
    assert field == "inline.portfolio_entries.pnl"
    assert str(MAX_WINDOW) in description


@pytest.mark.parametrize("seconds", [631_152_000, 1_704_067_200, 4_102_444_799])
def test_times_in_seconds_are_refused(seconds: int) -> None:
    assert violation(inline(trade_results=TradeColumns(realized_pnl=[1.0] * 2, time_ms=[0, seconds]))) == (
        "inline.trade_results.time_ms[1]",
        f"is {seconds}, a time of early 1970 and one of today in seconds; give milliseconds",
    )
    for time_ms in (seconds * 1_000, 631_151_999, 4_102_444_800):
        memory = read(inline(trade_results=TradeColumns(realized_pnl=[1.0], time_ms=[time_ms])))
        assert memory.trades.time_ms.tolist() == [time_ms]


def test_confidences_that_are_none_are_counted() -> None:
    observed = RegimeColumns(regime=["A"] * 5, pnl=[1.0] * 5, confidence=[80.0, 0.0, 1.0, -0.5, NAN])
    assert report_of(read(inline(regime_observations=observed)), "stream:meta.regime").noted == {
        "confidence_out_of_range": 2
    }


def test_descriptions_say_what_to_do() -> None:
    columns = inline(portfolio_entries=PortfolioColumns(pnl=[1.0] * 2, time_ms=[2, 1]))
    assert violation(columns)[1] == "is earlier than the one before; sort oldest first"
    policies = inline(trade_results=TradeColumns(realized_pnl=[1.0], policy=["YOLO"]))
    assert violation(policies)[1] == "is none of CONSERVATIVE, BALANCED, AGGRESSIVE"


def test_names_are_stripped_and_regimes_upper_cased() -> None:
    memory = read(
        inline(
            regime_observations=RegimeColumns(regime=[" bull "], pnl=[1.0]),
            trade_results=TradeColumns(
                realized_pnl=[1.0], market_regime=["Bull"], policy=[" balanced "], strategy=[" Carry "]
            ),
        )
    )
    assert (memory.regime_names, memory.strategy_names) == (("BULL",), ("Carry",))
    assert memory.trades.policy.tolist() == [1]


def test_an_empty_memory_is_a_memory() -> None:
    memory = read(inline())
    assert memory.sample_count == 0
    assert memory.context.leverage_caps == ()
    assert read(inline(max_leverage_hint=0.0)).context.leverage_caps == caps(0.0)


def test_the_windows_keep_the_newest_and_say_what_was_left_out() -> None:
    message = inline(
        regime_observations=RegimeColumns(regime=["A", "B", "C"], pnl=[1.0, 2.0, 3.0]),
        portfolio_entries=PortfolioColumns(regime=["A"] * 3, pnl=[1.0, 2.0, 3.0]),
        trade_results=TradeColumns(market_regime=["A"] * 3, realized_pnl=[1.0, 2.0, 3.0]),
    )
    memory = read(message, WindowSettings(regime=1, portfolio=2, trades=3))
    assert memory.regimes.pnl.tolist() == [3.0]
    assert memory.portfolio.pnl.tolist() == [2.0, 3.0]
    assert memory.trades.pnl.tolist() == [1.0, 2.0, 3.0]
    reports = [report_of(memory, f"stream:{name}") for name in ("meta.regime", "portfolio.memory", "trade.results")]
    assert [report.accepted for report in reports] == [1, 2, 3]
    assert [report.noted.get("outside_window", 0) for report in reports] == [2, 1, 0]


def test_an_observation_without_a_pnl_tells_the_regime_and_counts_in_no_figure() -> None:
    names = inline(regime_observations=RegimeColumns(regime=["A", "B"], confidence=[0.5, 0.9]))
    some = inline(regime_observations=RegimeColumns(regime=["A", "A", "B"], pnl=[0.5, NAN, NAN]))
    for message, counts, current in ((names, {}, "B"), (some, {"A": 1}, "B")):
        analysis = PatternAnalyzer().analyze(read(message))
        assert {figures.regime: figures.sample_count for figures in analysis.regimes} == counts
        assert analysis.current_regime == current


COLUMNS = st.lists(st.floats() | st.sampled_from([0.1, -0.5]), max_size=4)
NAMES = st.lists(st.sampled_from(["", "BULL", " bear", "x" * 70, "\n"]) | st.text(max_size=3), max_size=4)
TIMES = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5), max_size=4)


@given(COLUMNS, COLUMNS, NAMES, NAMES, TIMES, TIMES)
@repeatable(500)
def test_whatever_is_sent_is_refused_with_a_field_or_can_be_analysed(
    pnl: list[float], more: list[float], names: list[str], policies: list[str], times: list[int], others: list[int]
) -> None:
    message = inline(
        regime_observations=RegimeColumns(regime=names, pnl=pnl, confidence=more, time_ms=times),
        portfolio_entries=PortfolioColumns(pnl=pnl, regime=names, time_ms=others),
        trade_results=TradeColumns(realized_pnl=more, policy=policies, market_regime=names, time_ms=times),
    )
    try:
        memory = read(message)
    except InvalidRequestError as refused:
        fields = [violation.field for violation in refused.violations]
    else:
        fields = []
        analysis = PatternAnalyzer().analyze(memory)
        assert all(math.isfinite(figures.avg_pnl) for figures in analysis.regimes)
    assert all(field.startswith("inline.") for field in fields)
