"""Inline memories of this library as wire messages: columns of names go packed, as a table of names and codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSequence

from strategic_memory.v1 import memory_pb2
from strategic_memory_client.values.analysis_request import InlineMemory, PortfolioColumns, RegimeColumns, TradeColumns
from strategic_memory_client.wire.column_times import times_ms
from strategic_memory_client.wire.given_columns import values_of
from strategic_memory_client.wire.request_values import (
    SentT,
    number,
    number_or_nan,
    optional,
    require_kind,
    single,
    text,
    text_or_empty,
)

OPENING_NOT_KNOWN = 0
"""What is sent for an opening that is not known."""


def write_inline_memory(memory: InlineMemory, wire: memory_pb2.InlineMemory) -> None:
    """Write an inline memory into an empty message."""
    # One without entries is an inline memory too, and not the stored one.
    wire.SetInParent()
    _write_regimes(memory.regime_observations, wire.regime_observations, "inline.regime_observations")
    _write_portfolio(memory.portfolio_entries, wire.portfolio_entries, "inline.portfolio_entries")
    _write_trades(memory.trade_results, wire.trade_results, "inline.trade_results")
    cap = optional(memory.max_leverage_hint, "inline.max_leverage_hint")
    if cap is not None:
        wire.max_leverage_hint = cap


def _write_regimes(columns: RegimeColumns, wire: memory_pb2.RegimeColumns, path: str) -> None:
    require_kind(columns, RegimeColumns, path)
    _write_names(columns.regime, text, f"{path}.regime", wire.regime_names, wire.regime_code)
    wire.pnl.extend(_column(columns.pnl, number_or_nan, f"{path}.pnl"))
    wire.volatility.extend(_column(columns.volatility, number_or_nan, f"{path}.volatility"))
    wire.trend.extend(_column(columns.trend, number_or_nan, f"{path}.trend"))
    wire.confidence.extend(_column(columns.confidence, number_or_nan, f"{path}.confidence"))
    wire.time_ms.extend(times_ms(columns.time_ms, f"{path}.time_ms"))


def _write_portfolio(columns: PortfolioColumns, wire: memory_pb2.PortfolioColumns, path: str) -> None:
    require_kind(columns, PortfolioColumns, path)
    _write_names(columns.regime, text_or_empty, f"{path}.regime", wire.regime_names, wire.regime_code)
    wire.pnl.extend(_column(columns.pnl, number, f"{path}.pnl"))
    wire.time_ms.extend(times_ms(columns.time_ms, f"{path}.time_ms"))
    wire.opened_at.extend(times_ms(columns.opened_at, f"{path}.opened_at", OPENING_NOT_KNOWN))


def _write_trades(columns: TradeColumns, wire: memory_pb2.TradeColumns, path: str) -> None:
    require_kind(columns, TradeColumns, path)
    _write_names(
        columns.market_regime,
        text_or_empty,
        f"{path}.market_regime",
        wire.market_regime_names,
        wire.market_regime_code,
    )
    wire.realized_pnl.extend(_column(columns.realized_pnl, number, f"{path}.realized_pnl"))
    _write_names(columns.policy, text_or_empty, f"{path}.policy", wire.policy_names, wire.policy_code)
    _write_names(columns.strategy, text_or_empty, f"{path}.strategy", wire.strategy_names, wire.strategy_code)
    wire.time_ms.extend(times_ms(columns.time_ms, f"{path}.time_ms"))
    wire.opened_at.extend(times_ms(columns.opened_at, f"{path}.opened_at", OPENING_NOT_KNOWN))


def _write_names(
    given: Iterable[object],
    convert: Callable[[object], str],
    path: str,
    table: MutableSequence[str],
    codes: MutableSequence[int],
) -> None:
    places: dict[str, int] = {}
    # Few values are different, and each has to be looked at once only.
    known: dict[str | None, int] = {}
    coded: list[int] = []
    for index, value in enumerate(values_of(given, path)):
        place = known.get(value) if isinstance(value, str) or value is None else None
        if place is None:
            name = single(value, convert, f"{path}[{index}]")
            place = places.setdefault(name, len(places))
            if isinstance(value, str) or value is None:
                known[value] = place
        coded.append(place)
    table.extend(places)
    codes.extend(coded)


def _column(given: Iterable[object], convert: Callable[[object], SentT], path: str) -> Iterator[SentT]:
    for index, value in enumerate(values_of(given, path)):
        yield single(value, convert, f"{path}[{index}]")
