from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_client import (
    AnalysisSettings,
    Delivery,
    InlineMemory,
    InvalidRequestError,
    Policy,
    PolicyRule,
    PortfolioColumns,
    RegimeColumns,
    ResumePoint,
    Rules,
    TradeColumns,
)
from strategic_memory_client.subscription import StreamAttempt
from strategic_memory_client.to_wire import analyze_request, stream_request


def test_the_stored_memory_under_the_service_s_own_settings() -> None:
    request = analyze_request(None, None)
    assert request.WhichOneof("memory") == "stored"
    assert not request.HasField("settings")


def test_settings_carry_what_was_given_and_nothing_else() -> None:
    rule = PolicyRule(Policy.AGGRESSIVE, regime="BULL", win_rate_above=0.0, avg_pnl_above=-1.5)
    settings = AnalysisSettings(regime_window=10, minimum_samples=0, policy_rules=(rule, PolicyRule(Policy.BALANCED)))
    assert analyze_request(None, settings).settings == analysis_pb2.AnalysisSettings(
        regime_window=10,
        minimum_samples=0,
        policy_rules=[
            analysis_pb2.PolicyRule(
                regime="BULL", win_rate_above=0.0, avg_pnl_above=-1.5, policy=feedback_pb2.POLICY_AGGRESSIVE
            ),
            analysis_pb2.PolicyRule(policy=feedback_pb2.POLICY_BALANCED),
        ],
    )


def test_settings_name_the_rules() -> None:
    asked = [analyze_request(None, AnalysisSettings(rules=rules)).settings.rules for rules in (None, *Rules)]
    assert asked == [feedback_pb2.RULES_UNSPECIFIED, feedback_pb2.RULES_REFERENCE, feedback_pb2.RULES_EVIDENCE]


def test_rules_that_there_are_not_are_refused() -> None:
    wrong: Any = "evidence"
    with pytest.raises(InvalidRequestError, match=r"settings\.rules: must be one of REFERENCE, EVIDENCE") as refused:
        analyze_request(None, AnalysisSettings(rules=wrong))
    assert [violation.field for violation in refused.value.violations] == ["settings.rules"]


def test_a_whole_inline_memory() -> None:
    memory = InlineMemory(
        regime_observations=RegimeColumns(
            regime=["BULL", "BEAR"],
            pnl=np.array([0.5, -1.0]),
            volatility=[None, 0.1],
            trend=np.array([1, 2], dtype=np.float32),
            confidence=(0.5, 1),
            time_ms=np.array([1, 2], dtype=np.int64),
        ),
        portfolio_entries=PortfolioColumns(regime=[None, "BULL"], pnl=[1, 2.5], time_ms=[3, 4]),
        trade_results=TradeColumns(
            market_regime=["BULL"],
            realized_pnl=iter([0.25]),
            policy=[Policy.BALANCED],
            strategy=[None],
            time_ms=[-5],
        ),
        max_leverage_hint=0.0,
    )
    wire = analyze_request(memory, None).inline
    assert math.isnan(wire.regime_observations.volatility[0])
    wire.regime_observations.volatility[0] = 9.0
    assert wire == memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime=["BULL", "BEAR"],
            pnl=[0.5, -1.0],
            volatility=[9.0, 0.1],
            trend=[1.0, 2.0],
            confidence=[0.5, 1.0],
            time_ms=[1, 2],
        ),
        portfolio_entries=memory_pb2.PortfolioColumns(regime=["", "BULL"], pnl=[1.0, 2.5], time_ms=[3, 4]),
        trade_results=memory_pb2.TradeColumns(
            market_regime=["BULL"], realized_pnl=[0.25], policy=["BALANCED"], strategy=[""], time_ms=[-5]
        ),
        max_leverage_hint=0.0,
    )
    assert not analyze_request(InlineMemory(), None).inline.HasField("max_leverage_hint")


def trades(*pnl: object) -> InlineMemory:
    return InlineMemory(trade_results=TradeColumns(realized_pnl=list(pnl)))  # type: ignore[arg-type]  # wrong on purpose


def bad_requests() -> Iterator[tuple[str, InlineMemory | None, AnalysisSettings | None]]:
    yield "inline.trade_results.realized_pnl[1]", trades(1.0, "2"), None
    yield "inline.trade_results.realized_pnl[0]", trades(None), None
    yield "inline.trade_results.realized_pnl[2]", trades(1, 2, True), None
    yield "inline.trade_results.realized_pnl[0]", trades(10**400), None
    yield "inline.trade_results.time_ms[0]", InlineMemory(trade_results=TradeColumns(time_ms=[2**63])), None
    yield "inline.regime_observations.regime", InlineMemory(RegimeColumns(regime="BULL")), None
    yield "inline.regime_observations.regime[0]", InlineMemory(RegimeColumns(regime=["\ud800"])), None
    yield "settings.trade_window", None, AnalysisSettings(trade_window=-1)
    yield "settings.minimum_samples", None, AnalysisSettings(minimum_samples=2**32)
    rule = PolicyRule(policy="BOLD")  # type: ignore[arg-type]  # wrong on purpose
    yield "settings.policy_rules[0].policy", None, AnalysisSettings(policy_rules=(rule,))
    rule = PolicyRule(Policy.BALANCED, win_rate_above="high")  # type: ignore[arg-type]  # wrong on purpose
    yield (
        "settings.policy_rules[1].win_rate_above",
        None,
        AnalysisSettings(policy_rules=(PolicyRule(Policy.BALANCED), rule)),
    )


@pytest.mark.parametrize(("path", "memory", "settings"), list(bad_requests()))
def test_what_does_not_fit_is_named(path: str, memory: InlineMemory | None, settings: AnalysisSettings | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        analyze_request(memory, settings)
    assert [violation.field for violation in caught.value.violations] == [path]
    assert path in str(caught.value)


def test_a_stream_request() -> None:
    attempt = StreamAttempt("a:1", ResumePoint(0, "e1"), Delivery.EVERY, 1.5)
    wire = stream_request(attempt)
    assert wire.HasField("resume_after_revision")
    assert (wire.resume_after_revision, wire.epoch, wire.delivery) == (0, "e1", service_pb2.DELIVERY_EVERY)
    assert wire.heartbeat_interval.ToMilliseconds() == 1500
    fresh = stream_request(StreamAttempt("a:1", None, Delivery.LATEST, 15.0))
    assert not fresh.HasField("resume_after_revision")
    assert (fresh.epoch, fresh.delivery) == ("", service_pb2.DELIVERY_LATEST)


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (memory_pb2.InlineMemory, InlineMemory),
        (memory_pb2.RegimeColumns, RegimeColumns),
        (memory_pb2.PortfolioColumns, PortfolioColumns),
        (memory_pb2.TradeColumns, TradeColumns),
        (analysis_pb2.AnalysisSettings, AnalysisSettings),
        (analysis_pb2.PolicyRule, PolicyRule),
    ],
)
def test_requests_have_every_field_of_the_wire_under_its_name(message: type[Message], value: type) -> None:
    assert {field.name for field in dataclasses.fields(value)} == {field.name for field in message.DESCRIPTOR.fields}
