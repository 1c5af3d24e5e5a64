"""Figures of the wire: every field arrives under its name, absent ones as None, and the command tells them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest
from client.command_line import run, run_at_terminal
from client.feedback_samples import feedback_message
from client.filled_messages import assert_same, filled
from client.scripted_peer import ScriptedPeer, send
from each_case import each_case
from google.protobuf.message import Message

import strategic_memory_client as client
from strategic_memory.v1 import analysis_pb2, feedback_pb2, figures_pb2
from strategic_memory_client.wire.from_wire import analysis_from_wire

PARTS: tuple[tuple[type[Message], type], ...] = (
    (figures_pb2.Performance, client.Performance),
    (figures_pb2.Drawdown, client.Drawdown),
    (figures_pb2.Interval, client.Interval),
    (figures_pb2.Drift, client.Drift),
    (figures_pb2.RegimeDynamics, client.RegimeDynamics),
    (figures_pb2.RegimeCourse, client.RegimeCourse),
    (figures_pb2.Correlations, client.Correlations),
    (figures_pb2.RegimeCorrelation, client.RegimeCorrelation),
    (figures_pb2.PolicyCorrelation, client.PolicyCorrelation),
)


def analysis(*, full: bool) -> analysis_pb2.Analysis:
    """One regime with one policy and all figures, or with messages of which every field is absent."""
    wire = analysis_pb2.Analysis()
    regime = wire.regimes.add(regime="BULL")
    policy = regime.policies.add(policy=feedback_pb2.POLICY_BALANCED)
    for message in (
        *(regime.performance, regime.drift, policy.performance, policy.drift),
        *(wire.regime_dynamics, wire.correlations),
    ):
        message.SetInParent()
        if full:
            filled(message)
    if not full:
        wire.regime_dynamics.regimes.add()
        wire.correlations.regimes.add()
        wire.correlations.policies.add()
    return wire


@pytest.mark.parametrize("full", [True, False])
def test_every_figure_arrives_and_absent_stays_absent(*, full: bool) -> None:
    wire = analysis(full=full)
    found = analysis_from_wire(wire)
    ((regime,), (sent,)) = found.regimes, wire.regimes
    assert_same(regime.performance, sent.performance)
    assert_same(regime.drift, sent.drift)
    assert_same(regime.policies[0].performance, sent.policies[0].performance)
    assert_same(regime.policies[0].drift, sent.policies[0].drift)
    assert_same(found.regime_dynamics, wire.regime_dynamics)
    assert_same(found.correlations, wire.correlations)


def test_an_older_server_sends_none() -> None:
    found = analysis_from_wire(analysis_pb2.Analysis(regimes=[analysis_pb2.RegimeAnalysis(regime="BULL")]))
    (regime,) = found.regimes
    assert (found.regime_dynamics, found.correlations) == (None, None)
    assert (regime.performance, regime.drift, regime.evidence) == (None, None, None)


def test_a_method_of_a_newer_server_is_none() -> None:
    wire = analysis(full=True)
    wire.regimes[0].performance.mean_pnl_method = 77  # type: ignore[assignment]  # what a newer one may send
    performance = analysis_from_wire(wire).regimes[0].performance
    assert performance is not None
    assert performance.mean_pnl_method is None
    assert performance.mean_pnl_interval == client.Interval(1.0, 2.0)


@each_case(("message", "value"), PARTS)
def test_values_have_every_field_of_the_wire_in_its_order(message: type[Message], value: type) -> None:
    wire_fields = [field.name for field in message.DESCRIPTOR.fields]
    assert [field.name for field in dataclasses.fields(value)] == wire_fields


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send()) as peer:
        peer.feedback, peer.analysis = feedback_message(0), analysis(full=True)
        regime = peer.analysis.regimes[0]
        regime.evidence.regime = "BULL"
        regime.evidence.recommended_policy = feedback_pb2.POLICY_CONSERVATIVE
        for policy, probability in ((feedback_pb2.POLICY_CONSERVATIVE, 0.25), (feedback_pb2.POLICY_BALANCED, 0.75)):
            regime.evidence.policies.add(policy=policy, probability_best=probability)
        bare = peer.analysis.regimes.add(regime="BEAR")
        bare.performance.trades = 0
        yield peer


@pytest.mark.processes
def test_the_command_writes_them_all(peer: ScriptedPeer) -> None:
    told = json.loads(run("analyze", "-a", peer.address, "--json").out)["analysis"]
    performance = told["regimes"][0]["performance"]
    assert list(performance) == [field.name for field in figures_pb2.Performance.DESCRIPTOR.fields]
    assert performance["sharpe_ratio"] == 19
    assert performance["mean_pnl_interval"] == {"low": 1, "high": 2}
    assert performance["mean_pnl_method"] == "STUDENT_T"
    assert told["regimes"][1]["performance"]["sharpe_ratio"] is None
    assert told["regimes"][0]["evidence"]["policies"][1]["probability_best"] == 0.75
    assert told["regime_dynamics"]["regimes"][0]["next_probabilities"] == [2.5]
    assert told["correlations"]["policies"][0]["first_policy"] == "CONSERVATIVE"


@pytest.mark.processes
def test_a_person_sees_a_table_of_them(peer: ScriptedPeer) -> None:
    shown = " ".join(run_at_terminal("analyze", "-a", peer.address).out.split())
    assert "max drawdown" in shown
    for figure in ("9 (1 to 2)", "700.0% (100.0% to 200.0%)", "BALANCED 75.0%"):
        assert figure in shown
