"""Every field of the wire arrives under its name, and what is absent there stays absent.

The messages are filled by their descriptors: a field that is added to the wire and read nowhere fails here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from filled_messages import assert_same, filled, hollow
from google.protobuf.message import Message

from strategic_memory.v1 import analysis_pb2, feedback_pb2
from strategic_memory_client import Interval
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire
from strategic_memory_client.wire.from_wire import feedback_from_wire, heartbeat_from_wire

NOT_OF_THE_MESSAGE = {"skipped_revisions", "epoch_changed", "sent_at", "portfolio"}
"""What a stream or an answer tells beside the feedback."""


def own_fields(value: object, message: Message) -> Iterator[str]:
    """The fields that a value has and its message has not, at any depth."""
    assert dataclasses.is_dataclass(value)
    yield from {field.name for field in dataclasses.fields(value)} - set(message.DESCRIPTOR.fields_by_name)
    for field, sent in message.ListFields():
        own = getattr(value, field.name)
        if dataclasses.is_dataclass(own):
            yield from own_fields(own, sent)
        elif field.is_repeated and dataclasses.is_dataclass(own[0] if isinstance(own, tuple) else None):
            yield from own_fields(own[0], sent[0])


def test_every_field_of_a_feedback() -> None:
    wire = feedback_pb2.Feedback()
    filled(wire)
    wire.status = feedback_pb2.FEEDBACK_STATUS_ACTIVE  # or its values are withheld
    wire.leverage_caps[0].value = 1.5  # or it lowers what the evidence bears
    feedback = feedback_from_wire(wire)
    assert_same(feedback, wire)
    assert set(own_fields(feedback, wire)) == NOT_OF_THE_MESSAGE


def test_every_field_of_a_heartbeat() -> None:
    wire = feedback_pb2.Heartbeat()
    filled(wire)
    assert_same(heartbeat_from_wire(wire), wire)
    assert list(own_fields(heartbeat_from_wire(wire), wire)) == []


def test_every_field_of_an_analysis() -> None:
    wire = analysis_pb2.Analysis()
    filled(wire)
    assert_same(analysis_from_wire(wire), wire)
    assert list(own_fields(analysis_from_wire(wire), wire)) == []


def test_absent_stays_absent() -> None:
    wire = analysis_pb2.Analysis()
    hollow(wire)
    analysis = analysis_from_wire(wire)
    # What no server leaves out reads as the safest; rules that are not said are the reference rules, as everywhere.
    wire.regimes[0].evidence.recommended_policy = feedback_pb2.POLICY_CONSERVATIVE
    wire.past_advice.calibrations[0].rules = feedback_pb2.RULES_REFERENCE
    assert_same(analysis, wire)


@pytest.mark.parametrize("seconds", [2**60, -(2**60)])
def test_what_a_newer_server_names_is_none(seconds: int) -> None:
    wire = analysis_pb2.Analysis()
    filled(wire)
    performance, (calibration,) = wire.regimes[0].performance, wire.past_advice.calibrations
    performance.mean_pnl_method = calibration.subject = calibration.rules = 77  # type: ignore[assignment]  # the same
    wire.past_advice.first_said.seconds = seconds
    analysis = analysis_from_wire(wire)
    past, found = analysis.past_advice, analysis.regimes[0].performance
    assert past is not None
    assert found is not None
    assert (past.calibrations[0].subject, past.calibrations[0].rules, past.first_said) == (None, None, None)
    assert past.calibrations[0].brier_score == calibration.brier_score
    sent = performance.mean_pnl_interval
    assert (found.mean_pnl_method, found.mean_pnl_interval) == (None, Interval(sent.low, sent.high))


def test_an_older_server_sends_less() -> None:
    analysis = analysis_from_wire(analysis_pb2.Analysis(regimes=[analysis_pb2.RegimeAnalysis(regime="BULL")]))
    (regime,) = analysis.regimes
    assert (analysis.regime_dynamics, analysis.correlations, analysis.past_advice) == (None, None, None)
    assert (regime.performance, regime.drift, regime.evidence) == (None, None, None)
