from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from client.command_line import run, run_at_terminal
from client.feedback_samples import feedback_message, with_evidence
from client.scripted_peer import ScriptedPeer, send
from commands import Ended
from each_case import each_case
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2
from strategic_memory_client import InlineMemory, Policy, PolicyRule
from strategic_memory_client.cli.files.memory_files import read_memory
from strategic_memory_client.cli.policy_rules import parse_policy_rule
from strategic_memory_client.cli.times import parse_length
from strategic_memory_client.wire.analysis_to_wire import analyze_request

pytestmark = pytest.mark.processes


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer(send()) as peer:
        peer.feedback = feedback_message(0)
        yield peer


def test_settings_and_rules_reach_the_server(peer: ScriptedPeer) -> None:
    flags = ["--regime-window", "1", "--portfolio-window", "2", "--trade-window", "3", "--minimum-samples", "4"]
    flags += ["--minimum-policy-trades", "5"]
    flags += ["--policy-rule", "BULL:win_rate>0.6,avg_pnl>0.2=AGGRESSIVE", "--policy-rule", "*=BALANCED"]
    ended = run("analyze", "-a", peer.address, *flags)
    assert (ended.code, ended.err) == (0, "")
    (request,) = peer.analyses
    assert request.WhichOneof("memory") == "stored"
    assert request.settings == analysis_pb2.AnalysisSettings(
        regime_window=1,
        portfolio_window=2,
        trade_window=3,
        minimum_samples=4,
        minimum_policy_trades=5,
        policy_rules=[
            analysis_pb2.PolicyRule(
                regime="BULL", win_rate_above=0.6, avg_pnl_above=0.2, policy=feedback_pb2.POLICY_AGGRESSIVE
            ),
            analysis_pb2.PolicyRule(policy=feedback_pb2.POLICY_BALANCED),
        ],
    )


def test_a_moment_an_age_and_the_weighing_of_evidence_reach_the_server(peer: ScriptedPeer) -> None:
    flags = [
        "--as-of",
        "2026-01-05T09:30:00Z",
        "--max-age",
        "7d",
        "--half-life",
        "100",
        "--risk-aversion",
        "0",
        "--change",
    ]
    ended = run("analyze", "-a", peer.address, *flags)
    assert (ended.code, ended.err) == (0, "")
    assert [request.settings for request in peer.analyses] == [
        analysis_pb2.AnalysisSettings(
            as_of=Timestamp(seconds=1_767_605_400),
            max_age=Duration(seconds=604_800),
            evidence=analysis_pb2.EvidenceSettings(half_life_trades=100, risk_aversion=0, change=True),
        )
    ]


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--as-of", "2026-01-05T09:30:00", "must say its timezone"),
        ("--as-of", "yesterday", "must be a date and time such as 2026-01-05T09:30:00Z"),
        ("--max-age", "7", "must be a number and a unit"),
        ("--max-age", "0s", "must be at least a millisecond"),
        ("--max-age", "9999999999w", "is too long"),
    ],
)
def test_moments_and_ages_that_make_no_sense_are_wrong_usage(option: str, text: str, told: str) -> None:
    ended = run("analyze", option, text)
    assert ended.code == 2
    assert told in " ".join(ended.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1.5m", 90), ("2h", 7_200), (" 7d ", 604_800), ("2w", 1_209_600)]
)
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert parse_length(text) == timedelta(seconds=seconds)


def test_it_writes_the_analysis_and_the_feedback(peer: ScriptedPeer) -> None:
    told = json.loads(run("analyze", "-a", peer.address).out)
    assert set(told) == {"analysis", "feedback"}
    assert list(told["analysis"]) == [field.name for field in analysis_pb2.Analysis.DESCRIPTOR.fields]
    assert "skipped_revisions" not in told["feedback"]
    assert "Strategic memory feedback" in run_at_terminal("analyze", "-a", peer.address).out


@pytest.mark.parametrize(
    ("given", "sent"), [("evidence", feedback_pb2.RULES_EVIDENCE), ("REFERENCE", feedback_pb2.RULES_REFERENCE)]
)
def test_the_rules_reach_the_server_and_what_they_advise_is_told(
    peer: ScriptedPeer, given: str, sent: feedback_pb2.Rules.ValueType
) -> None:
    peer.feedback = with_evidence(feedback_message(0))
    told = json.loads(run("analyze", "-a", peer.address, "--rules", given).out)["feedback"]
    assert [request.settings.rules for request in peer.analyses] == [sent]
    assert (told["current"]["policy"], told["evidence"]["recommended_policy"]) == ("BALANCED", "BALANCED")
    assert "cautions" in run_at_terminal("analyze", "-a", peer.address).out


def test_rules_that_there_are_not_are_wrong_usage() -> None:
    ended = run("analyze", "--rules", "astrology")
    assert ended.code == 2
    assert "evidence" in ended.err


MEMORY = '{"regime_observations": {"regime": ["BULL", "BEAR"], "pnl": [1, -0.5], "volatility": [null, 0.1]}}'


@pytest.mark.parametrize("as_stdin", [True, False])
def test_a_memory_from_a_file_or_stdin(peer: ScriptedPeer, tmp_path: Path, *, as_stdin: bool) -> None:
    path = tmp_path / "memory.json"
    path.write_text(MEMORY)
    ended = run("analyze", "-a", peer.address, "--file", "-" if as_stdin else str(path), stdin=MEMORY)
    assert (ended.code, ended.err) == (0, "")
    columns = peer.analyses[0].inline.regime_observations
    assert (list(columns.regime_names), list(columns.regime_code)) == (["BULL", "BEAR"], [0, 1])
    assert list(columns.pnl) == [1.0, -0.5]
    assert math.isnan(columns.volatility[0])


def test_openings_in_a_file_are_texts_or_milliseconds_and_an_observation_needs_no_pnl(peer: ScriptedPeer) -> None:
    opened = '["2024-01-05T10:00:00Z", 1704448800000, "1704448800000", null, "2024-01-05 12:00:00+02:00"]'
    content = (
        f'{{"trade_results": {{"realized_pnl": [1, 2, 3, 4, 5], "opened_at": {opened}}},'
        ' "portfolio_entries": {"pnl": [1], "openedAt": ["1704448800000"]},'
        ' "regime_observations": {"regime": ["BULL", "BEAR"], "pnl": [null, 0.5]}}'
    )
    ended = run("analyze", "-a", peer.address, "--file", "-", stdin=content)
    assert (ended.code, ended.err) == (0, "")
    sent = peer.analyses[0].inline
    assert list(sent.trade_results.opened_at) == [1_704_448_800_000] * 3 + [0, 1_704_448_800_000]
    assert list(sent.portfolio_entries.opened_at) == [1_704_448_800_000]
    assert math.isnan(sent.regime_observations.pnl[0])


def analyze_file(content: str) -> Ended:
    return run("analyze", "-a", "127.0.0.1:1", "--file", "-", stdin=content)


@each_case(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"trades": {}}', "has no trades"),
        ('{"trade_results": {"pnl": [1]}}', "trade_results has no pnl"),
        ('{"trade_results": {"realized_pnl": 1}}', "must be a list"),
        ('{"trade_results": []}', "trade_results must be an object"),
        ('{"max_leverage_hint": "high"}', "max_leverage_hint"),
        ('{"trade_results": {"policy_names": ["BALANCED"], "policy_code": [1]}}', "policy_code must be places in"),
        ('{"trade_results": {"policy_names": ["BALANCED"], "policy_code": [true]}}', "policy_code must be places in"),
        ('{"trade_results": {"policy_names": ["BALANCED"], "policy_code": [-1]}}', "policy_code must be places in"),
        ('{"trade_results": {"policy": ["BALANCED"], "policy_code": [0]}}', "give one of the two"),
        ('{"trade_results": {"realized_pnl": [1], "policy_names": ["BALANCED"]}}', "policy_names and no policy_code"),
        ('{"portfolio_entries": {"policy_code": [0]}}', "has no policy_code"),
        ('{"max_leverage_hint": 1' + 400 * "0" + "}", "max_leverage_hint is too large"),
        ("[" * 100_000, "nested too deep"),
        ('{"max_leverage_hint": 1, "max_leverage_hint": 2}', "'max_leverage_hint' is given twice"),
        ('{"max_leverage_hint": 1, "maxLeverageHint": 2}', "in both spellings"),
    ],
)
def test_a_file_that_makes_no_sense_is_wrong_usage(content: str, told: str) -> None:
    ended = analyze_file(content)
    assert ended.code == 2
    assert told in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


def test_a_value_that_does_not_fit_is_refused_with_its_place() -> None:
    ended = analyze_file('{"trade_results": {"realized_pnl": [1, "x"]}}')
    assert ended.code == 5
    assert "inline.trade_results.realized_pnl[1]" in ended.err


def test_a_file_that_is_not_there() -> None:
    assert run("analyze", "--file", "/nowhere.json").code == 2


def test_a_rule_that_makes_no_sense_is_wrong_usage() -> None:
    ended = run("analyze", "--policy-rule", "BULL")
    assert ended.code == 2
    assert "names no policy" in ended.err


def test_the_file_may_be_the_json_that_protobuf_writes(tmp_path: Path) -> None:
    wire = memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(regime=["BULL"], pnl=[0.5], trend=[1.0]),
        portfolio_entries=memory_pb2.PortfolioColumns(pnl=[0.25]),
        trade_results=memory_pb2.TradeColumns(market_regime=["BULL"], realized_pnl=[1.0], policy=["BALANCED"]),
        max_leverage_hint=1.5,
    )
    path = tmp_path / "memory.json"
    for names_as_in_the_proto in (True, False):
        path.write_text(json_format.MessageToJson(wire, preserving_proto_field_name=names_as_in_the_proto))
        packed = analyze_request(read_memory([str(path)], print), None).inline
        assert packed == memory_pb2.InlineMemory(
            regime_observations=memory_pb2.RegimeColumns(
                regime_names=["BULL"], regime_code=[0], pnl=[0.5], trend=[1.0]
            ),
            portfolio_entries=memory_pb2.PortfolioColumns(pnl=[0.25]),
            trade_results=memory_pb2.TradeColumns(
                market_regime_names=["BULL"],
                market_regime_code=[0],
                realized_pnl=[1.0],
                policy_names=["BALANCED"],
                policy_code=[0],
            ),
            max_leverage_hint=1.5,
        )
        path.write_text(json_format.MessageToJson(packed, preserving_proto_field_name=names_as_in_the_proto))
        assert analyze_request(read_memory([str(path)], print), None).inline == packed
    path.write_text("{}")
    assert read_memory([str(path)], print) == InlineMemory()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("BULL:win_rate>0.6,avg_pnl>0.2=AGGRESSIVE", PolicyRule(Policy.AGGRESSIVE, "BULL", 0.6, 0.2)),
        (" bull : avg_pnl > -1e3 = balanced ", PolicyRule(Policy.BALANCED, "bull", None, -1000.0)),
        ("*=CONSERVATIVE", PolicyRule(Policy.CONSERVATIVE)),
        (":win_rate>0=BALANCED", PolicyRule(Policy.BALANCED, "", 0.0, None)),
        ("BULL:=BALANCED", PolicyRule(Policy.BALANCED, "BULL")),
    ],
)
def test_rules_of_the_command_line(text: str, rule: PolicyRule) -> None:
    assert parse_policy_rule(text) == rule


@each_case(
    "text",
    [
        "",
        "BULL",
        "BULL=BOLD",
        "BULL=",
        "BULL:win_rate<0.6=BALANCED",
        "BULL:win_rate>high=BALANCED",
        "BULL:win_rate>nan=BALANCED",
        "BULL:avg_pnl>1_0=BALANCED",
        "BULL:win_rate>0.1,win_rate>0.2=BALANCED",
        "BULL:sharpe>1=BALANCED",
        "BULL:win_rate=BALANCED",
    ],
)
def test_rules_that_make_no_sense(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|names no policy"):
        parse_policy_rule(text)
