from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self

import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_client import (
    AnalysisSettings,
    Delivery,
    EvidenceSettings,
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
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.wire.analysis_to_wire import analyze_request
from strategic_memory_client.wire.failure import given_field
from strategic_memory_client.wire.to_wire import stream_request
from strategic_memory_server.rpc.grpc_settings import LARGEST_REQUEST_MIB


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


def test_settings_name_a_moment_an_age_and_how_evidence_is_weighed() -> None:
    settings = AnalysisSettings(
        as_of=datetime(2026, 1, 5, 11, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2))),
        max_age=timedelta(days=7, milliseconds=1),
        evidence=EvidenceSettings(half_life_trades=100, required_probability=0.9, minimum_trades=0, change=False),
    )
    assert analyze_request(None, settings).settings == analysis_pb2.AnalysisSettings(
        as_of=Timestamp(seconds=1_767_605_400, nanos=250_000_000),
        max_age=Duration(seconds=604_800, nanos=1_000_000),
        evidence=analysis_pb2.EvidenceSettings(
            half_life_trades=100.0, required_probability=0.9, minimum_trades=0.0, change=False
        ),
    )


def test_settings_say_how_long_added_risk_has_to_wait() -> None:
    asked = analyze_request(None, AnalysisSettings(hysteresis_results=0, hysteresis_seconds=60)).settings
    assert asked == analysis_pb2.AnalysisSettings(hysteresis_results=0, hysteresis_seconds=60.0)
    assert analyze_request(None, AnalysisSettings()).settings == analysis_pb2.AnalysisSettings()


NO_MOMENT: Any = "yesterday"
NO_AGE: Any = 60
NO_NUMBER: Any = "a lot"
TOO_EARLY = datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))
NAIVE = datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("settings", "field", "told"),
    [
        (AnalysisSettings(as_of=NAIVE), "settings.as_of", "must say its timezone"),
        (AnalysisSettings(as_of=NO_MOMENT), "settings.as_of", "must be a datetime"),
        (AnalysisSettings(as_of=TOO_EARLY), "settings.as_of", "out of range"),
        (AnalysisSettings(max_age=timedelta()), "settings.max_age", "from a millisecond"),
        (AnalysisSettings(max_age=timedelta.max), "settings.max_age", "from a millisecond"),
        (AnalysisSettings(max_age=NO_AGE), "settings.max_age", "must be a timedelta"),
        (AnalysisSettings(evidence=EvidenceSettings(change=NO_NUMBER)), "settings.evidence.change", "must be True or"),
        (AnalysisSettings(hysteresis_seconds=NO_NUMBER), "settings.hysteresis_seconds", "must be a number"),
        (AnalysisSettings(hysteresis_results=NO_NUMBER), "settings.hysteresis_results", "must be a whole number"),
        (
            AnalysisSettings(evidence=EvidenceSettings(risk_aversion=NO_NUMBER)),
            "settings.evidence.risk_aversion",
            "must be a number",
        ),
    ],
)
def test_moments_ages_and_evidence_that_do_not_fit(settings: AnalysisSettings, field: str, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told) as refused:
        analyze_request(None, settings)
    assert [violation.field for violation in refused.value.violations] == [field]


def test_rules_that_there_are_not_are_refused() -> None:
    wrong: Any = "evidence"
    with pytest.raises(InvalidRequestError, match=r"settings\.rules: must be one of REFERENCE, EVIDENCE") as refused:
        analyze_request(None, AnalysisSettings(rules=wrong))
    assert [violation.field for violation in refused.value.violations] == ["settings.rules"]


AWARE = datetime(1970, 1, 1, 0, 0, 0, 5_999, tzinfo=UTC)


class NaTType(datetime):
    """What pandas has for a time that is not known."""

    def __new__(cls) -> Self:
        return super().__new__(cls, 1, 1, 1)

    def __repr__(self) -> str:
        return "NaT"


def test_a_whole_inline_memory() -> None:
    memory = InlineMemory(
        regime_observations=RegimeColumns(
            regime=["BULL", "BEAR"],
            pnl=[0.5, None],
            volatility=[None, 0.1],
            trend=np.array([1, 2], dtype=np.float32),
            confidence=(0.5, 1),
            time_ms=np.array([1, 2], dtype=np.int64),
        ),
        portfolio_entries=PortfolioColumns(
            regime=[None, "BULL"], pnl=[1, 2.5], time_ms=[3, 4], opened_at=np.array([2, 3])
        ),
        trade_results=TradeColumns(
            market_regime=["BULL"],
            realized_pnl=iter([0.25]),
            policy=[Policy.BALANCED],
            strategy=[None],
            time_ms=[-5],
            opened_at=[
                None,
                NaTType(),
                5,
                "5",
                " 1970-01-01 01:00:00.005+01:00",
                "1970-01-01T00:00:00.0059",
                "1970-01-01",
                AWARE,
            ],
        ),
        max_leverage_hint=0.0,
    )
    wire = analyze_request(memory, None).inline
    assert math.isnan(wire.regime_observations.volatility[0])
    assert math.isnan(wire.regime_observations.pnl[1])
    wire.regime_observations.volatility[0] = 9.0
    wire.regime_observations.pnl[1] = -1.0
    assert wire == memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime_names=["BULL", "BEAR"],
            regime_code=[0, 1],
            pnl=[0.5, -1.0],
            volatility=[9.0, 0.1],
            trend=[1.0, 2.0],
            confidence=[0.5, 1.0],
            time_ms=[1, 2],
        ),
        portfolio_entries=memory_pb2.PortfolioColumns(
            regime_names=["", "BULL"], regime_code=[0, 1], pnl=[1.0, 2.5], time_ms=[3, 4], opened_at=[2, 3]
        ),
        trade_results=memory_pb2.TradeColumns(
            market_regime_names=["BULL"],
            market_regime_code=[0],
            realized_pnl=[0.25],
            policy_names=["BALANCED"],
            policy_code=[0],
            strategy_names=[""],
            strategy_code=[0],
            time_ms=[-5],
            opened_at=[0, 0, 5, 5, 5, 5, 0, 5],
        ),
        max_leverage_hint=0.0,
    )
    assert not analyze_request(InlineMemory(), None).inline.HasField("max_leverage_hint")


def test_columns_of_names_are_packed() -> None:
    regimes = ["BULL", None, "BEAR", "", "BULL", np.str_("BEAR")]
    policies = np.array(["BALANCED", "AGGRESSIVE", "BALANCED"])
    memory = InlineMemory(
        portfolio_entries=PortfolioColumns(regime=regimes), trade_results=TradeColumns(policy=policies)
    )
    wire = analyze_request(memory, None).inline
    assert wire.portfolio_entries == memory_pb2.PortfolioColumns(
        regime_names=["BULL", "", "BEAR"], regime_code=[0, 1, 2, 1, 0, 2]
    )
    assert wire.trade_results == memory_pb2.TradeColumns(policy_names=["BALANCED", "AGGRESSIVE"], policy_code=[0, 1, 0])


def test_a_million_entries_of_each_table_are_a_request_that_the_service_takes() -> None:
    length = 1_000_000
    names, numbers = ["BULL", "BEAR"] * (length // 2), np.linspace(-1.0, 1.0, length)
    times = np.arange(1_766_296_800_000, 1_766_296_800_000 + length)
    memory = InlineMemory(
        RegimeColumns(names, numbers, numbers, numbers, numbers, times),
        PortfolioColumns(names, numbers, times),
        TradeColumns(names, numbers, ["BALANCED", "AGGRESSIVE"] * (length // 2), ["carry"] * length, times),
    )
    assert 67 * 2**20 < analyze_request(memory, None).ByteSize() < 69 * 2**20 < LARGEST_REQUEST_MIB * 2**20


def test_a_stream_request() -> None:
    attempt = StreamAttempt("a:1", ResumePoint(0, "e1"), Delivery.EVERY, 1.5, send_current=True)
    wire = stream_request(attempt)
    assert wire.HasField("resume_after_revision")
    assert (wire.resume_after_revision, wire.epoch, wire.delivery) == (0, "e1", service_pb2.DELIVERY_EVERY)
    assert wire.heartbeat_interval.ToMilliseconds() == 1500
    fresh = stream_request(StreamAttempt("a:1", None, Delivery.LATEST, 15.0))
    assert not fresh.HasField("resume_after_revision")
    assert (wire.send_current, fresh.send_current) == (True, False)
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
    on_the_wire = {field.name for field in message.DESCRIPTOR.fields}
    packed = {name for name in on_the_wire if name.endswith(("_names", "_code"))}
    assert {field.name for field in dataclasses.fields(value)} == on_the_wire - packed
    assert {given_field(f"inline.table.{name}").rpartition(".")[2] for name in packed} <= on_the_wire - packed
