"""Regimes that entries of a sent memory take from its observations."""

from __future__ import annotations

import math

import pytest
from memory_rows import report_of
from server.rpc.inline.inline_reading import read

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.columns.stream_position import MAX_TIME_MS
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.what_if.regime_details import regime_details

RegimeColumns = memory_pb2.RegimeColumns
PortfolioColumns = memory_pb2.PortfolioColumns
TradeColumns = memory_pb2.TradeColumns
NAN = math.nan
NOW_MS = 1_766_296_800_000

inline = memory_pb2.InlineMemory


def regimes_of(memory: StrategicMemory) -> dict[str, list[str]]:
    """Regime of every entry by window."""
    columns = {
        "regimes": memory.regimes.regime,
        "portfolio": memory.portfolio.regime,
        "trades": memory.trades.regime,
    }
    return {name: [memory.regime_names[code] for code in column.tolist()] for name, column in columns.items()}


def test_an_entry_without_a_regime_takes_the_one_observed_at_its_time() -> None:
    memory = read(
        inline(
            regime_observations=RegimeColumns(regime=["A", "B"], pnl=[0.0, 0.0], time_ms=[100, 200]),
            portfolio_entries=PortfolioColumns(
                pnl=[1.0] * 5, time_ms=[99, 100, 199, 200, 900], regime=["", "", "", "", "OWN"]
            ),
            trade_results=TradeColumns(realized_pnl=[1.0], time_ms=[150]),
        ),
        WindowSettings(regime=1),
    )
    assert regimes_of(memory) == {
        "regimes": ["B"],
        "portfolio": ["UNKNOWN", "A", "A", "B", "OWN"],
        "trades": ["A"],
    }
    assert report_of(memory, "stream:portfolio.memory").noted == {"regime_not_observed": 1, "regime_inferred": 3}


def test_an_entry_takes_the_regime_observed_at_its_opening_where_that_is_given() -> None:
    opened_at = [NOW_MS - 1, NOW_MS, NOW_MS + 199, 0, NOW_MS + 900]
    memory = read(
        inline(
            regime_observations=RegimeColumns(
                regime=["A", "B"], pnl=[NAN, 0.5], time_ms=[NOW_MS, NOW_MS + 200], confidence=[0.5, 0.5]
            ),
            portfolio_entries=PortfolioColumns(
                pnl=[1.0] * 5, time_ms=[NOW_MS + 300] * 5, regime=["", "", "", "", "OWN"], opened_at=opened_at
            ),
            trade_results=TradeColumns(
                realized_pnl=[1.0] * 5,
                time_ms=[NOW_MS + 300] * 5,
                market_regime=["", "", "", "", "OWN"],
                opened_at=opened_at,
            ),
        ),
    )
    expected = ["UNKNOWN", "A", "A", "B", "OWN"]
    assert regimes_of(memory) == {"regimes": ["A", "B"], "portfolio": expected, "trades": expected}
    # By a clock that is ahead, the last one was opened after it was closed.
    assert (memory.trades.opened_ms - NOW_MS).tolist() == [-1, 0, 199, 300, 300]
    for source in ("stream:portfolio.memory", "stream:trade.results"):
        assert report_of(memory, source).noted == {
            "regime_not_observed": 1,
            "regime_inferred": 3,
            "regime_as_of_close": 1,
        }
    assert report_of(memory, "stream:meta.regime").noted == {"observed_without_pnl": 1}


def test_times_before_1970_and_at_the_ends_of_the_calendar() -> None:
    earliest = -62_135_596_800_000
    memory = read(
        inline(
            regime_observations=RegimeColumns(
                regime=["A", "B", "C"], pnl=[0.0] * 3, time_ms=[earliest, -1, MAX_TIME_MS]
            ),
            portfolio_entries=PortfolioColumns(pnl=[1.0] * 3, time_ms=[-2, 0, MAX_TIME_MS]),
        )
    )
    assert regimes_of(memory)["portfolio"] == ["A", "B", "C"]
    assert PatternAnalyzer().analyze(memory).data_as_of_ms == MAX_TIME_MS


@pytest.mark.parametrize("timed", ["portfolio", "trades"])
def test_what_has_times_is_joined_whether_or_not_another_table_has_them(timed: str) -> None:
    times = {"portfolio": [150] if timed == "portfolio" else [], "trades": [150] if timed == "trades" else []}
    memory = read(
        inline(
            regime_observations=RegimeColumns(regime=["A", "B"], pnl=[0.0, 0.0], time_ms=[100, 200]),
            portfolio_entries=PortfolioColumns(pnl=[1.0], time_ms=times["portfolio"]),
            trade_results=TradeColumns(realized_pnl=[1.0], time_ms=times["trades"]),
        )
    )
    expected = {"portfolio": ["UNKNOWN"], "trades": ["UNKNOWN"]} | {timed: ["A"]}
    assert {name: regimes for name, regimes in regimes_of(memory).items() if name != "regimes"} == expected


def test_without_times_of_the_observations_nothing_is_inferred() -> None:
    memory = read(
        inline(
            regime_observations=RegimeColumns(regime=["A"], pnl=[0.0]),
            portfolio_entries=PortfolioColumns(pnl=[1.0], time_ms=[150]),
        )
    )
    assert regimes_of(memory)["portfolio"] == ["UNKNOWN"]
    analysis = PatternAnalyzer().analyze(memory)
    assert analysis.current_regime == "A"
    assert regime_details(memory).runs["A"].mean_seconds is None
