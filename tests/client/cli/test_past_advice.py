"""What past advice was worth, as the command tells it and shows it to a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from client.command_line import run, run_at_terminal
from client.feedback_samples import feedback_message
from client.scripted_peer import ScriptedPeer, send
from filled_messages import filled

from strategic_memory.v1 import analysis_pb2, feedback_pb2, past_advice_pb2

pytestmark = pytest.mark.processes


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send()) as peer:
        peer.feedback, peer.analysis = feedback_message(0), analysis_pb2.Analysis()
        filled(peer.analysis.past_advice)
        yield peer


@pytest.mark.parametrize("count", ["0", "250"])
def test_the_number_of_revisions_reaches_the_server(peer: ScriptedPeer, count: str) -> None:
    assert run("analyze", "-a", peer.address, "--past-revisions", count).code == 0
    assert [request.settings for request in peer.analyses] == [analysis_pb2.AnalysisSettings(past_revisions=int(count))]


@pytest.mark.parametrize(
    ("asked", "is_told"), [(["--past-revisions", "250"], True), (["--past-revisions", "0"], False)]
)
def test_what_was_asked_for_and_is_not_in_the_answer_is_told(
    peer: ScriptedPeer, asked: list[str], *, is_told: bool
) -> None:
    """As of a service that knows nothing of it: a table that is not there says nothing."""
    assert peer.analysis is not None
    peer.analysis.ClearField("past_advice")
    ended = run("analyze", "-a", peer.address, *asked)
    assert (ended.code, "past advice was asked for and is not in the answer" in ended.err) == (0, is_told)


def test_a_number_that_makes_no_sense_is_wrong_usage() -> None:
    ended = run("analyze", "--past-revisions", "-1")
    assert ended.code == 2
    assert "past-revisions" in ended.err


def test_the_command_writes_it_all(peer: ScriptedPeer) -> None:
    told = json.loads(run("analyze", "-a", peer.address, "--json").out)["analysis"]["past_advice"]
    assert peer.analysis is not None
    sent = peer.analysis.past_advice
    assert list(told) == [field.name for field in past_advice_pb2.PastAdvice.DESCRIPTOR.fields]
    (calibration,) = told["calibrations"]
    subject, rules = calibration["subject"], calibration["rules"]
    assert past_advice_pb2.AdviceSubject.Value(f"ADVICE_SUBJECT_{subject}") == sent.calibrations[0].subject
    assert feedback_pb2.Rules.Value(f"RULES_{rules}") == sent.calibrations[0].rules
    interval = sent.calibrations[0].bins[0].frequency_interval
    assert calibration["bins"][0]["frequency_interval"] == {"low": interval.low, "high": interval.high}
    assert told["first_said"] == sent.first_said.ToJsonString()
    policy = told["after_changes"]["newest"][0]["updated_policy"]
    assert feedback_pb2.Policy.Value(f"POLICY_{policy}") == sent.after_changes.newest[0].updated_policy


def shown_of(peer: ScriptedPeer, past: past_advice_pb2.PastAdvice) -> str:
    assert peer.analysis is not None
    peer.analysis.past_advice.CopyFrom(past)
    without_styles = re.sub(r"\x1b\[[0-9;]*m", "", run_at_terminal("analyze", "-a", peer.address).out)
    return " ".join(without_styles.split())


def sample() -> past_advice_pb2.PastAdvice:
    """Two confidences of 0.75, of which one came true, and one change of advice."""
    past = past_advice_pb2.PastAdvice(revisions=40, trades=90)
    past.first_said.FromJsonString("2026-01-05T09:30:00Z")
    past.last_said.FromJsonString("2026-01-06T10:00:00Z")
    past.calibrations.add(
        subject=past_advice_pb2.ADVICE_SUBJECT_CURRENT_REGIME,
        rules=feedback_pb2.RULES_EVIDENCE,
        version="evidence-1.0.0",
        revisions=40,
        run_trades=20,
        statements=2,
        base_rate=0.5,
        brier_score=0.3125,
        expected_calibration_error=0.25,
        bins=[past_advice_pb2.ReliabilityBin(low=0.7, high=0.8, statements=2, mean_confidence=0.75, frequency=0.5)],
    )
    past.after_revisions.revisions, past.after_revisions.compared = 40, 33
    past.after_changes.revisions, past.after_changes.compared = 7, 6
    past.after_changes.mean_change = 0.125
    past.after_changes.mean_change_interval.low, past.after_changes.mean_change_interval.high = -0.5, 0.75
    for revision in range(1, 8):
        past.after_changes.newest.add(
            revision=revision,
            preferred_regime=f"R{revision}",
            updated_policy=feedback_pb2.POLICY_BALANCED,
            trades_before=11,
            trades_after=12,
            mean_pnl_before=0.5,
            mean_pnl_after=0.625,
            change=0.125,
        )
    return past


def test_a_person_sees_how_often_it_came_true_and_what_came_after(peer: ScriptedPeer) -> None:
    shown = shown_of(peer, sample())
    for figure in (
        "Past advice: 40 revisions, 2026-01-05 09:30 to 2026-01-06 10:00; 90 trades after",
        "current regime evidence-1.0.0 2 75.0% 50.0% 0.312 25.0%",
        "6 of 7 changes of advice - - - - 0.125 (-0.5 to 0.75)",
        "R7 BALANCED - 11 / 12 0.5 0.625 0.125",
    ):
        assert figure in shown
    assert "R3 BALANCED" in shown
    assert "R2 BALANCED" not in shown, "five changes are enough for a terminal"
    assert "longer trade window" not in shown


def test_a_person_is_told_what_it_takes_to_judge(peer: ScriptedPeer) -> None:
    past = sample()
    past.calibrations[0].statements = 0
    shown = shown_of(peer, past)
    assert "judged by 20 trades that it is about: ask for a longer trade window" in shown


def test_without_revisions_there_is_no_table(peer: ScriptedPeer) -> None:
    assert "Past advice" not in shown_of(peer, past_advice_pb2.PastAdvice(left_out=3))
