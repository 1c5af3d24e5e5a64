"""What the command tells of the figures of an analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from client.command_line import run, run_at_terminal
from client.feedback_samples import feedback_message
from client.scripted_peer import ScriptedPeer, send
from filled_messages import filled

from strategic_memory.v1 import analysis_pb2, feedback_pb2, figures_pb2


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send()) as peer:
        peer.feedback, peer.analysis = feedback_message(0), analysis_pb2.Analysis()
        regime = peer.analysis.regimes.add(regime="BULL")
        performance = regime.performance
        for message in (performance, regime.drift, peer.analysis.regime_dynamics, peer.analysis.correlations):
            filled(message)
        performance.mean_pnl, performance.win_rate = 9, 7
        for interval in (performance.mean_pnl_interval, performance.win_rate_interval):
            interval.low, interval.high = 1, 2
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
    assert peer.analysis is not None
    sent = peer.analysis.regimes[0].performance
    performance = told["regimes"][0]["performance"]
    assert list(performance) == [field.name for field in figures_pb2.Performance.DESCRIPTOR.fields]
    assert performance["sharpe_ratio"] == sent.sharpe_ratio
    assert performance["mean_pnl_interval"] == {"low": 1, "high": 2}
    assert sent.mean_pnl_method == getattr(figures_pb2, f"INTERVAL_METHOD_{performance['mean_pnl_method']}")
    assert told["regimes"][1]["performance"]["sharpe_ratio"] is None
    assert told["regimes"][0]["evidence"]["policies"][1]["probability_best"] == 0.75
    assert told["regime_dynamics"]["regimes"][0]["next_probabilities"] == list(
        peer.analysis.regime_dynamics.regimes[0].next_probabilities
    )
    first = told["correlations"]["policies"][0]["first_policy"]
    assert feedback_pb2.Policy.Value(f"POLICY_{first}") == peer.analysis.correlations.policies[0].first_policy


@pytest.mark.processes
def test_a_person_sees_a_table_of_them(peer: ScriptedPeer) -> None:
    shown = " ".join(run_at_terminal("analyze", "-a", peer.address).out.split())
    assert "max drawdown" in shown
    for figure in ("9 (1 to 2)", "700.0% (100.0% to 200.0%)", "BALANCED 75.0%"):
        assert figure in shown
