"""The three kinds of stream entry as their producers write them, well and badly."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.entries.entries import (
    PortfolioEntry,
    TradeResult,
    read_portfolio_entry,
    read_regime_observation,
    read_trade_result,
)
from strategic_memory_server.entries.entry_fields import Fields, RejectionError
from strategic_memory_server.memory.policy import NO_POLICY, Policy

REGIME = {b"regime": b"bull", b"pnl": b"0.25", b"volatility": b"0.01", b"trend": b"-0.1", b"confidence": b"0.8"}
PORTFOLIO = {b"regime": b"bull", b"pnl": b"0.25", b"total_pnl": b"1000"}
ACTION = {
    b"pnl": b"-0.25",
    b"symbol": b"BTCUSDT",
    b"side": b"LONG",
    b"leverage": b"2",
    b"confidence": b"0.8",
    b"volatility": b"0.02",
    b"position_size": b"100",
    b"exit_reason": b"STOP",
}
TRADE = {b"market_regime": b"bull", b"realized_pnl": b"0.25", b"policy": b"balanced", b"strategy": b"carry"}


def reason_of(read: Callable[[Fields], object], fields: Fields) -> str:
    with pytest.raises(RejectionError) as refused:
        read(fields)
    return refused.value.reason


def test_a_regime_observation() -> None:
    observation = read_regime_observation(REGIME)
    assert (observation.regime, observation.pnl, observation.volatility) == ("BULL", 0.25, 0.01)
    assert (observation.trend, observation.confidence) == (-0.1, 0.8)


def test_a_regime_observation_with_nothing_more_than_it_must_have() -> None:
    for fields in ({b"regime": b"bull"}, {b"regime": b"bull", b"pnl": b""}):
        observation = read_regime_observation(fields)
        numbers = (observation.pnl, observation.volatility, observation.trend, observation.confidence)
        assert all(math.isnan(value) for value in numbers)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({b"regime": b""}, "regime_missing"),
        ({b"pnl": b"nan"}, "pnl_not_finite"),
        ({b"volatility": b"inf"}, "volatility_not_finite"),
        ({b"trend": b"up"}, "trend_not_a_number"),
        ({b"confidence": b"1e400"}, "confidence_out_of_range"),
    ],
)
def test_a_bad_regime_observation(change: Fields, reason: str) -> None:
    assert reason_of(read_regime_observation, REGIME | change) == reason


def test_portfolio_entries_with_and_without_a_regime() -> None:
    assert read_portfolio_entry(PORTFOLIO) == PortfolioEntry("BULL", 0.25)
    assert read_portfolio_entry(ACTION) == PortfolioEntry("", -0.25)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({b"pnl": b""}, "pnl_missing"),
        ({b"total_pnl": b"much"}, "total_pnl_not_a_number"),
        ({b"leverage": b"nan"}, "leverage_not_finite"),
        ({b"confidence": b"high"}, "confidence_not_a_number"),
        ({b"volatility": b"1e99"}, "volatility_out_of_range"),
        ({b"position_size": b"\xff"}, "position_size_not_a_number"),
        ({b"regime": b"\xff"}, "regime_not_utf8"),
    ],
)
def test_a_bad_portfolio_entry(change: Fields, reason: str) -> None:
    assert reason_of(read_portfolio_entry, ACTION | change) == reason


def test_trade_results() -> None:
    assert read_trade_result(TRADE) == TradeResult("BULL", 0.25, Policy.BALANCED, "carry")
    assert read_trade_result({b"realized_pnl": b"1"}) == TradeResult("", 1.0, NO_POLICY, "")
    assert read_trade_result({b"realized_pnl": b"1", b"policy": b" "}) == TradeResult("", 1.0, NO_POLICY, "")


def test_a_policy_that_is_none_of_the_three_leaves_the_trade_without_one() -> None:
    trade = read_trade_result(TRADE | {b"policy": b"YOLO"})
    assert (trade.policy, trade.policy_unrecognised, trade.pnl) == (NO_POLICY, True, 0.25)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({b"realized_pnl": b""}, "realized_pnl_missing"),
        ({b"realized_pnl": b"-inf"}, "realized_pnl_not_finite"),
        ({b"market_regime": b"x" * 65}, "market_regime_too_long"),
        ({b"strategy": b"a\x07"}, "strategy_not_printable"),
        ({b"policy": b"\xff"}, "policy_not_utf8"),
    ],
)
def test_a_bad_trade_result(change: Fields, reason: str) -> None:
    assert reason_of(read_trade_result, TRADE | change) == reason


def test_fields_that_the_contract_does_not_name_are_ignored() -> None:
    assert read_trade_result(TRADE | {b"comment": b"\xff", b"\xff": b"nan"}) == read_trade_result(TRADE)
    assert read_regime_observation(REGIME | {b"timestamp": b"yesterday"}) == read_regime_observation(REGIME)


NAMES = sorted({*REGIME, *ACTION, *PORTFOLIO, *TRADE})
BAD_AND_GOOD = st.sampled_from([b"", b"nan", b"1e400", b"bull", b"0.5", b"\xff", b"BALANCED"]) | st.binary(max_size=20)


@given(st.dictionaries(st.sampled_from(NAMES), BAD_AND_GOOD))
@repeatable(500)
def test_no_entry_gives_anything_but_finite_values_or_a_reason(fields: Fields) -> None:
    for read in (read_regime_observation, read_portfolio_entry, read_trade_result):
        try:
            pnl = read(fields).pnl
        except RejectionError:
            continue
        # An observation needs none; one that is given is finite, as of every other entry.
        assert math.isfinite(pnl) or (read is read_regime_observation and not fields.get(b"pnl", b"").strip())
