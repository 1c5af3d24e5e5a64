"""Packed columns of names: they say what the names themselves would say, and are refused with the index of a row."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from typing import Any

import numpy as np
import pytest
from each_case import each_case
from malformed_requests import good_memory
from packed_memory import packed_memory

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.memory.strategic_memory import PortfolioWindow, RegimeWindow, TradeWindow
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_memory import InlineReading, read_inline_memory
from strategic_memory_server.rpc.inline.inline_names import MAX_DISTINCT_NAMES

inline = memory_pb2.InlineMemory
RegimeColumns = memory_pb2.RegimeColumns
PortfolioColumns = memory_pb2.PortfolioColumns
TradeColumns = memory_pb2.TradeColumns
WINDOWS = WindowSettings(20, 20, 20)


def plain(window: RegimeWindow | PortfolioWindow | TradeWindow) -> list[list[Any]]:
    return [np.nan_to_num(getattr(window, field.name), nan=-9.0).tolist() for field in fields(window)]


def assert_same(one: InlineReading, other: InlineReading) -> None:
    for name in ("regimes", "portfolio", "trades"):
        assert plain(getattr(one.memory, name)) == plain(getattr(other.memory, name))
    assert plain(one.trades) == plain(other.trades)
    assert one.memory.regime_names == other.memory.regime_names
    assert one.memory.strategy_names == other.memory.strategy_names
    assert one.memory.sources == other.memory.sources


def without_some_names(memory: memory_pb2.InlineMemory, random: Random) -> None:
    for column in (memory.portfolio_entries.regime, memory.trade_results.market_regime, memory.trade_results.strategy):
        for index in range(len(column)):
            if random.random() < 0.3:
                column[index] = ""


@each_case("seed", range(30))
def test_both_forms_are_the_same_memory(seed: int) -> None:
    random = Random(seed)
    memory = good_memory(random, random.randint(0, 50))
    without_some_names(memory, random)
    packed = packed_memory(memory)
    assert packed != memory or not len(memory.trade_results.realized_pnl)
    assert_same(read_inline_memory(packed, WINDOWS), read_inline_memory(memory, WINDOWS))


def violation(message: memory_pb2.InlineMemory) -> tuple[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        read_inline_memory(message, WINDOWS)
    (found,) = refused.value.violations
    return found.field, found.description


@each_case(
    ("table", "field", "told"),
    [
        (
            RegimeColumns(regime=["A"], regime_names=["A"], regime_code=[0], pnl=[1.0]),
            "regime_code",
            "is given beside regime; give one of the two",
        ),
        (
            RegimeColumns(regime=["A"], regime_names=["A"], pnl=[1.0]),
            "regime_names",
            "is given beside regime; give regime_code with it",
        ),
        (
            RegimeColumns(regime_names=["A", "B"], regime_code=[0, 1, 2, 3], pnl=[1.0] * 4),
            "regime_code[2]",
            "is 2 and regime_names has 2; give 0 to 1",
        ),
        (
            RegimeColumns(regime_names=["A"], regime_code=[0, 2**32 - 1], pnl=[1.0] * 2),
            "regime_code[1]",
            "is 4294967295 and regime_names has 1; give 0 to 0",
        ),
        (RegimeColumns(regime_code=[0], pnl=[1.0]), "regime_code[0]", "is 0 and regime_names has 0; give the names"),
        (
            RegimeColumns(regime_names=["A", " "], regime_code=[0, 1, 1], pnl=[1.0] * 3),
            "regime_code[1]",
            "refers to regime_names[1]: is empty; name a regime",
        ),
        (
            RegimeColumns(regime_names=["x" * 65, "A", "a\nb"], regime_code=[1, 1, 2, 0], pnl=[1.0] * 4),
            "regime_code[2]",
            "refers to regime_names[2]: regime not printable",
        ),
        (
            RegimeColumns(regime_names=["A"], regime_code=[0, 0], pnl=[1.0]),
            "pnl",
            "has 1 values where regime_code has 2",
        ),
        (RegimeColumns(regime_names=["A"], pnl=[1.0]), "pnl", "has 1 values where regime has 0"),
        (
            RegimeColumns(
                regime_names=[str(place) for place in range(MAX_DISTINCT_NAMES + 1)], regime_code=[0], pnl=[1.0]
            ),
            "regime_names",
            f"has {MAX_DISTINCT_NAMES + 1} names; send at most {MAX_DISTINCT_NAMES}",
        ),
    ],
)
def test_a_bad_packed_column_of_observations(table: memory_pb2.RegimeColumns, field: str, told: str) -> None:
    assert violation(inline(regime_observations=table)) == (f"inline.regime_observations.{field}", told)


@pytest.mark.parametrize(
    ("columns", "field", "told"),
    [
        (
            {"policy_names": ["YOLO", "BALANCED", ""], "policy_code": [1, 2, 0]},
            "policy_code[2]",
            "refers to policy_names[0]: is none of CONSERVATIVE, BALANCED, AGGRESSIVE",
        ),
        (
            {"policy_names": ["BALANCED"], "policy_code": [0] * 2},
            "policy_code",
            "has 2 values where realized_pnl has 3",
        ),
        ({"policy_names": ["BALANCED"]}, "policy_code", "has 0 values where realized_pnl has 3"),
        ({"strategy_names": ["a"], "strategy_code": [0, 0, 1]}, "strategy_code[2]", "is 1 and strategy_names has 1; "),
        (
            {"market_regime": ["A"] * 3, "market_regime_names": ["A"], "market_regime_code": [0] * 3},
            "market_regime_code",
            "is given beside market_regime; give one of the two",
        ),
    ],
)
def test_a_bad_packed_column_of_trades(columns: dict[str, Any], field: str, told: str) -> None:
    found, description = violation(inline(trade_results=TradeColumns(realized_pnl=[1.0] * 3, **columns)))
    assert found == f"inline.trade_results.{field}"
    assert description.startswith(told)


def test_a_name_that_no_entry_has_does_not_matter() -> None:
    table = TradeColumns(
        realized_pnl=[1.0],
        policy_names=["YOLO", " balanced "],
        policy_code=[1],
        market_regime_names=["a\nb", "A", "B"],
    )
    table.market_regime_code.append(1)
    found = read_inline_memory(inline(trade_results=table), WINDOWS)
    assert found.trades.policy.tolist() == [1]
    assert found.memory.regime_names == ("A",)


def test_a_table_of_names_without_entries_is_a_memory_without_entries() -> None:
    message = inline(
        regime_observations=RegimeColumns(regime_names=["A"]), portfolio_entries=PortfolioColumns(regime_names=["A"])
    )
    assert read_inline_memory(message, WINDOWS).memory.sample_count == 0


def test_names_that_differ_in_case_alone_are_one_regime() -> None:
    table = PortfolioColumns(pnl=[1.0] * 3, regime_names=["bull", " BULL", ""], regime_code=[0, 1, 2])
    found = read_inline_memory(inline(portfolio_entries=table), WINDOWS).memory
    assert [found.regime_names[code] for code in found.portfolio.regime.tolist()] == ["BULL", "BULL", "UNKNOWN"]
