"""Requests of this library as wire messages. What does not fit is an InvalidRequestError naming the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from numbers import Integral, Real
from typing import TypeVar

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_client.analysis import (
    AnalysisSettings,
    InlineMemory,
    PolicyRule,
    PortfolioColumns,
    RegimeColumns,
    TradeColumns,
)
from strategic_memory_client.errors import FieldViolation, InvalidRequestError
from strategic_memory_client.results import Policy, Rules
from strategic_memory_client.subscription import StreamAttempt
from strategic_memory_client.subscription_settings import Delivery

_Given = TypeVar("_Given")
_Sent = TypeVar("_Sent", str, float, int)

_LARGEST_UINT32 = 2**32 - 1
_LARGEST_INT64 = 2**63 - 1
_ROW_COUNTS = (
    "regime_window",
    "portfolio_window",
    "trade_window",
    "minimum_samples",
    "minimum_policy_trades",
)

_POLICIES = {
    Policy.CONSERVATIVE: feedback_pb2.POLICY_CONSERVATIVE,
    Policy.BALANCED: feedback_pb2.POLICY_BALANCED,
    Policy.AGGRESSIVE: feedback_pb2.POLICY_AGGRESSIVE,
}

_RULES = {
    Rules.REFERENCE: feedback_pb2.RULES_REFERENCE,
    Rules.EVIDENCE: feedback_pb2.RULES_EVIDENCE,
}

_DELIVERIES = {
    Delivery.LATEST: service_pb2.DELIVERY_LATEST,
    Delivery.EVERY: service_pb2.DELIVERY_EVERY,
}


def analyze_request(memory: InlineMemory | None, settings: AnalysisSettings | None) -> service_pb2.AnalyzeRequest:
    """Return the request that asks for an analysis of `memory` (None: the stored memory) under `settings`."""
    request = service_pb2.AnalyzeRequest()
    if memory is None:
        request.stored.SetInParent()
    else:
        request.inline.CopyFrom(_inline(memory))
    if settings is not None:
        request.settings.CopyFrom(_settings(settings))
    return request


def stream_request(attempt: StreamAttempt) -> service_pb2.StreamFeedbackRequest:
    """Return the request that opens the stream."""
    request = service_pb2.StreamFeedbackRequest(delivery=_DELIVERIES[attempt.delivery])
    request.heartbeat_interval.FromTimedelta(timedelta(seconds=attempt.heartbeat_interval_s))
    if attempt.resume_after is not None:
        request.resume_after_revision = attempt.resume_after.revision
        request.epoch = attempt.resume_after.epoch
    return request


def _settings(settings: AnalysisSettings) -> analysis_pb2.AnalysisSettings:
    wire = analysis_pb2.AnalysisSettings()
    for name in _ROW_COUNTS:
        count: int | None = getattr(settings, name)
        if count is None:
            continue
        setattr(wire, name, _single(count, _row_count, f"settings.{name}"))
    wire.policy_rules.extend(
        _policy_rule(rule, f"settings.policy_rules[{index}]") for index, rule in enumerate(settings.policy_rules)
    )
    if settings.rules is not None:
        wire.rules = _rules(settings.rules)
    return wire


def _rules(rules: Rules) -> feedback_pb2.Rules.ValueType:
    on_wire = _RULES.get(rules)
    if on_wire is None:
        raise _invalid("settings.rules", f"must be one of {', '.join(Rules)}, is {rules!r}")
    return on_wire


def _policy_rule(rule: PolicyRule, path: str) -> analysis_pb2.PolicyRule:
    policy = _POLICIES.get(rule.policy)
    if policy is None:
        raise _invalid(f"{path}.policy", f"must be one of {', '.join(Policy)}, is {rule.policy!r}")
    return analysis_pb2.PolicyRule(
        regime=_single(rule.regime, _text, f"{path}.regime"),
        win_rate_above=_optional(rule.win_rate_above, f"{path}.win_rate_above"),
        avg_pnl_above=_optional(rule.avg_pnl_above, f"{path}.avg_pnl_above"),
        policy=policy,
    )


def _inline(memory: InlineMemory) -> memory_pb2.InlineMemory:
    return memory_pb2.InlineMemory(
        regime_observations=_regime_columns(memory.regime_observations, "inline.regime_observations"),
        portfolio_entries=_portfolio_columns(memory.portfolio_entries, "inline.portfolio_entries"),
        trade_results=_trade_columns(memory.trade_results, "inline.trade_results"),
        max_leverage_hint=_optional(memory.max_leverage_hint, "inline.max_leverage_hint"),
    )


def _regime_columns(columns: RegimeColumns, path: str) -> memory_pb2.RegimeColumns:
    return memory_pb2.RegimeColumns(
        regime=_column(columns.regime, _text, f"{path}.regime"),
        pnl=_column(columns.pnl, _number, f"{path}.pnl"),
        volatility=_column(columns.volatility, _number_or_nan, f"{path}.volatility"),
        trend=_column(columns.trend, _number_or_nan, f"{path}.trend"),
        confidence=_column(columns.confidence, _number_or_nan, f"{path}.confidence"),
        time_ms=_column(columns.time_ms, _milliseconds, f"{path}.time_ms"),
    )


def _portfolio_columns(columns: PortfolioColumns, path: str) -> memory_pb2.PortfolioColumns:
    return memory_pb2.PortfolioColumns(
        regime=_column(columns.regime, _text_or_empty, f"{path}.regime"),
        pnl=_column(columns.pnl, _number, f"{path}.pnl"),
        time_ms=_column(columns.time_ms, _milliseconds, f"{path}.time_ms"),
    )


def _trade_columns(columns: TradeColumns, path: str) -> memory_pb2.TradeColumns:
    return memory_pb2.TradeColumns(
        market_regime=_column(columns.market_regime, _text_or_empty, f"{path}.market_regime"),
        realized_pnl=_column(columns.realized_pnl, _number, f"{path}.realized_pnl"),
        policy=_column(columns.policy, _text_or_empty, f"{path}.policy"),
        strategy=_column(columns.strategy, _text_or_empty, f"{path}.strategy"),
        time_ms=_column(columns.time_ms, _milliseconds, f"{path}.time_ms"),
    )


def _column(given: Iterable[_Given], convert: Callable[[object], _Sent], path: str) -> Iterator[_Sent]:
    if isinstance(given, str | bytes):
        raise _invalid(path, "must be a column of values, is one text")
    # An array's own conversion is many times faster than going through it item by item.
    as_list = getattr(given, "tolist", None)
    values: Iterable[_Given] = as_list() if as_list is not None else given
    for index, value in enumerate(values):
        yield _single(value, convert, f"{path}[{index}]")


def _optional(value: object, path: str) -> float | None:
    return None if value is None else _single(value, _number, path)


def _single(value: object, convert: Callable[[object], _Sent], path: str) -> _Sent:
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _invalid(path, str(error)) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be a text, is {value!r}")
    value.encode()  # a lone surrogate cannot be sent
    return str(value)


def _text_or_empty(value: object) -> str:
    return "" if value is None else _text(value)


def _number(value: object) -> float:
    if type(value) is float:  # nearly every value of a long column
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"must be a number, is {value!r}")
    return float(value)


def _number_or_nan(value: object) -> float:
    return math.nan if value is None else _number(value)


def _row_count(value: object) -> int:
    return _whole(value, 0, _LARGEST_UINT32)


def _milliseconds(value: object) -> int:
    return _whole(value, -_LARGEST_INT64, _LARGEST_INT64)


def _whole(value: object, lowest: int, highest: int) -> int:
    if not isinstance(value, bool) and isinstance(value, Integral) and lowest <= int(value) <= highest:
        return int(value)
    raise TypeError(f"must be a whole number from {lowest} to {highest}, is {value!r}")


def _invalid(path: str, description: str) -> InvalidRequestError:
    violation = FieldViolation(path, description)
    return InvalidRequestError(f"the request is not valid: {path}: {description}", violations=(violation,))
