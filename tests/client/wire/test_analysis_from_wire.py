"""An analysis as it arrives, and that no value lacks a field of the wire."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime

from each_case import each_case
from google.protobuf import json_format, struct_pb2, timestamp_pb2
from google.protobuf.message import Message

from strategic_memory.v1 import analysis_pb2, feedback_pb2
from strategic_memory_client import (
    Analysis,
    Comparison,
    Context,
    Feedback,
    Heartbeat,
    Policy,
    PolicyAnalysis,
    Reason,
    RegimeAnalysis,
    RegimePerformance,
    RegimeTransition,
    SourceReport,
    StrategyAnalysis,
)
from strategic_memory_client.wire.from_wire import (
    analysis_from_wire,
)

WHEN = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


def stamp(second: int) -> timestamp_pb2.Timestamp:
    wire = timestamp_pb2.Timestamp()
    wire.FromDatetime(WHEN.replace(second=second))
    return wire


def struct(json: str) -> struct_pb2.Struct:
    return json_format.Parse(json, struct_pb2.Struct())


def test_a_whole_analysis() -> None:
    exposure = struct('{"total": 1.5, "nested": {"long": [1, null, "x", true]}}')
    exposure.fields["broken"].number_value = math.inf
    wire = analysis_pb2.Analysis(
        regimes=[
            analysis_pb2.RegimeAnalysis(
                regime="BULL",
                sample_count=9,
                total_pnl=2.5,
                avg_pnl=0.25,
                wins=6,
                losses=3,
                win_rate=0.66,
                confidence=0.5,
                best_policy=feedback_pb2.POLICY_BALANCED,
                policies=[
                    analysis_pb2.PolicyAnalysis(
                        policy=feedback_pb2.POLICY_BALANCED, trades=4, avg_pnl=0.5, win_rate=0.75
                    ),
                    analysis_pb2.PolicyAnalysis(),
                ],
                strategies=[analysis_pb2.StrategyAnalysis(strategy="trend", trades=2, avg_pnl=-0.5, win_rate=0.0)],
                episodes=3,
                mean_dwell_observations=1.5,
                mean_dwell_seconds=60.0,
            ),
            analysis_pb2.RegimeAnalysis(regime="BEAR"),
        ],
        current_regime="BEAR",
        preferred_regime="BULL",
        transitions=[analysis_pb2.RegimeTransition(from_regime="BULL", to_regime="BEAR", count=2)],
        sources=[
            analysis_pb2.SourceReport(
                source="trade_results", accepted=4, rejected={"pnl_missing": 1}, noted={"late": 2}
            )
        ],
        sample_count=13,
        data_as_of=stamp(4),
        context=analysis_pb2.Context(
            governance_policy=feedback_pb2.POLICY_CONSERVATIVE,
            governance_preferred_regime="BULL",
            regime_stats=struct("{}"),
            exposure_summary=exposure,
            leverage_limits=struct('{"max": 2}'),
            exit_statistics=struct('{"hits": "3"}'),
            max_leverage_hint=0.0,
        ),
    )
    assert analysis_from_wire(wire) == Analysis(
        regimes=(
            RegimeAnalysis(
                regime="BULL",
                sample_count=9,
                total_pnl=2.5,
                avg_pnl=0.25,
                wins=6,
                losses=3,
                win_rate=0.66,
                confidence=0.5,
                best_policy=Policy.BALANCED,
                policies=(PolicyAnalysis(Policy.BALANCED, 4, 0.5, 0.75), PolicyAnalysis(None, 0, 0.0, None)),
                strategies=(StrategyAnalysis("trend", 2, -0.5, 0.0),),
                episodes=3,
                mean_dwell_observations=1.5,
                mean_dwell_seconds=60.0,
            ),
            RegimeAnalysis("BEAR", 0, 0.0, 0.0, 0, 0, None, None, None, (), (), 0, None, None),
        ),
        current_regime="BEAR",
        preferred_regime="BULL",
        transitions=(RegimeTransition("BULL", "BEAR", 2),),
        sources=(SourceReport("trade_results", 4, {"pnl_missing": 1}, {"late": 2}),),
        sample_count=13,
        data_as_of=WHEN.replace(second=4),
        context=Context(
            governance_policy=Policy.CONSERVATIVE,
            governance_preferred_regime="BULL",
            regime_stats={},
            exposure_summary={"total": 1.5, "nested": {"long": [1.0, None, "x", True]}, "broken": math.inf},
            leverage_limits={"max": 2.0},
            exit_statistics={"hits": "3"},
            max_leverage_hint=0.0,
        ),
    )
    empty = analysis_from_wire(analysis_pb2.Analysis(context=analysis_pb2.Context()))
    assert empty.context == Context(None, None, None, None, None, None, None)
    assert empty.data_as_of is None


@each_case(
    ("message", "value"),
    [
        (feedback_pb2.Feedback, Feedback),
        (feedback_pb2.RegimePerformance, RegimePerformance),
        (feedback_pb2.Reason, Reason),
        (feedback_pb2.Comparison, Comparison),
        (feedback_pb2.Heartbeat, Heartbeat),
        (analysis_pb2.Analysis, Analysis),
        (analysis_pb2.RegimeAnalysis, RegimeAnalysis),
        (analysis_pb2.PolicyAnalysis, PolicyAnalysis),
        (analysis_pb2.StrategyAnalysis, StrategyAnalysis),
        (analysis_pb2.RegimeTransition, RegimeTransition),
        (analysis_pb2.SourceReport, SourceReport),
        (analysis_pb2.Context, Context),
    ],
)
def test_values_have_every_field_of_the_wire_under_its_name(message: type[Message], value: type) -> None:
    wire_fields = {field.name for field in message.DESCRIPTOR.fields}
    own_fields = {field.name for field in dataclasses.fields(value)}
    assert own_fields - {"skipped_revisions", "epoch_changed", "sent_at"} == wire_fields
