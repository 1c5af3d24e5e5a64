"""Requests of the wire: what is wrong is refused with the path of the field, all of it at once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from each_case import each_case
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import MAX_WINDOW, WindowSettings
from strategic_memory_server.revisions.stream_cursor import Delivery
from strategic_memory_server.rpc.wire.from_wire import MAX_POLICY_RULES, StreamOrder, analysis_order, stream_order

StreamRequest = service_pb2.StreamFeedbackRequest
Settings = analysis_pb2.AnalysisSettings
Rule = analysis_pb2.PolicyRule
SERVICE = AdviceSettings(minimum_samples=4, minimum_policy_trades=5, windows=WindowSettings(6, 7, 8))


def read_stream(request: service_pb2.StreamFeedbackRequest) -> StreamOrder:
    return stream_order(request, default_heartbeat_s=15.0)


def stream_violations(request: service_pb2.StreamFeedbackRequest) -> list[str]:
    with pytest.raises(InvalidRequestError) as refused:
        read_stream(request)
    return [violation.field for violation in refused.value.violations]


def settings_violations(settings: analysis_pb2.AnalysisSettings) -> list[str]:
    with pytest.raises(InvalidRequestError) as refused:
        analysis_order(settings, SERVICE)
    return [violation.field for violation in refused.value.violations]


def test_an_empty_stream_request_asks_for_the_defaults() -> None:
    assert read_stream(StreamRequest()) == StreamOrder(Delivery.LATEST, None, "", 15.0)


def test_a_full_stream_request() -> None:
    request = StreamRequest(
        resume_after_revision=0,
        epoch="e1",
        delivery=service_pb2.DELIVERY_EVERY,
        heartbeat_interval=Duration(seconds=1, nanos=500_000_000),
        send_current=True,
    )
    assert read_stream(request) == StreamOrder(Delivery.EVERY, 0, "e1", 1.5, send_current=True)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(Duration(nanos=100_000_000), 0.1), (Duration(seconds=3_600), 3_600.0), (Duration(seconds=15), 15.0)],
)
def test_heartbeats_within_the_bounds(duration: Duration, seconds: float) -> None:
    assert read_stream(StreamRequest(heartbeat_interval=duration)).heartbeat_s == seconds


@pytest.mark.parametrize(
    "duration",
    [
        Duration(),
        Duration(nanos=99_999_999),
        Duration(seconds=3_600, nanos=1),
        Duration(seconds=-1),
        Duration(seconds=2**62),
        Duration(seconds=1, nanos=-500_000_000),
        Duration(nanos=2_000_000_000),
    ],
)
def test_heartbeats_outside_of_them(duration: Duration) -> None:
    assert stream_violations(StreamRequest(heartbeat_interval=duration)) == ["heartbeat_interval"]


def test_all_that_is_wrong_in_a_stream_request_is_told() -> None:
    request = StreamRequest(epoch="e1", heartbeat_interval=Duration())
    request.MergeFromString(b"\x18\x63")
    assert request.delivery == 99
    assert stream_violations(request) == ["delivery", "epoch", "heartbeat_interval"]


def test_settings_that_are_left_out_are_those_of_the_service() -> None:
    order = analysis_order(Settings(), SERVICE)
    assert order.advice.windows == SERVICE.windows
    assert (order.advice.minimum_samples, order.advice.minimum_policy_trades) == (4, 5)
    assert order.policy_table == reference_rules.POLICY_TABLE
    assert order.advice.rules is Rules.REFERENCE


def test_added_risk_waits_as_the_request_says_and_else_as_the_service_is_set_to() -> None:
    service = replace(SERVICE, hysteresis=HysteresisSettings(results=5, seconds=60.0))
    assert analysis_order(Settings(), service).advice.hysteresis == service.hysteresis
    other = Settings(hysteresis_results=0, hysteresis_seconds=604_800.0)
    assert analysis_order(other, service).advice.hysteresis == HysteresisSettings(0, 604_800.0)
    given = analysis_order(Settings(trade_window=9, hysteresis_results=9), service).advice.hysteresis
    assert given == HysteresisSettings(9, 60.0)
    assert analysis_order(Settings(trade_window=4), service).advice.hysteresis == HysteresisSettings(4, 60.0)


@each_case(
    ("settings", "fields"),
    [
        (Settings(trade_window=9, hysteresis_results=10), ["hysteresis_results"]),
        (Settings(hysteresis_seconds=-1.0), ["hysteresis_seconds"]),
        (Settings(hysteresis_seconds=604_801.0), ["hysteresis_seconds"]),
        (
            Settings(hysteresis_results=2**32 - 1, hysteresis_seconds=math.nan),
            ["hysteresis_results", "hysteresis_seconds"],
        ),
    ],
)
def test_a_wait_that_cannot_be_is_refused(settings: Settings, fields: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        analysis_order(settings, SERVICE)
    assert [violation.field for violation in refused.value.violations] == [f"settings.{field}" for field in fields]


def test_evidence_is_weighed_as_the_service_is_set_to() -> None:
    weighed = EvidenceSettings(required_probability=0.97)
    assert analysis_order(Settings(), replace(SERVICE, evidence=weighed)).advice.evidence == weighed


def test_evidence_is_weighed_as_the_request_says_where_it_says_so() -> None:
    service = replace(SERVICE, evidence=EvidenceSettings(decay=0.9, minimum_weight=7.0))
    given = analysis_pb2.EvidenceSettings(half_life_trades=2.0, required_probability=0.5, risk_aversion=0.0)
    order = analysis_order(Settings(evidence=given), service)
    assert order.advice.evidence == EvidenceSettings(
        decay=math.sqrt(0.5), required_probability=0.5, minimum_weight=7.0, risk_aversion=0.0
    )
    for change in (False, True):
        looks = replace(service, evidence=EvidenceSettings(change=change))
        assert analysis_order(Settings(evidence=given), looks).advice.evidence.change == change
        asked = Settings(evidence=analysis_pb2.EvidenceSettings(change=not change))
        assert analysis_order(asked, looks).advice.evidence.change == (not change)
    fewest = analysis_pb2.EvidenceSettings(minimum_trades=0.0)
    assert analysis_order(Settings(evidence=fewest), service).advice.evidence == replace(
        service.evidence, minimum_weight=0.0
    )


@each_case(
    ("name", "value"),
    [
        ("half_life_trades", 0.99),
        ("half_life_trades", 1.1e9),
        ("half_life_trades", math.nan),
        ("required_probability", 0.49),
        ("required_probability", 1.0),
        ("minimum_trades", -0.1),
        ("minimum_trades", math.inf),
        ("risk_aversion", -1.0),
        ("risk_aversion", 1_001.0),
    ],
)
def test_evidence_outside_the_bounds(name: str, value: float) -> None:
    settings = Settings(minimum_samples=0)
    setattr(settings.evidence, name, value)
    assert settings_violations(settings) == ["settings.minimum_samples", f"settings.evidence.{name}"]


def test_a_moment_and_an_age() -> None:
    order = analysis_order(
        Settings(as_of=Timestamp(seconds=-1, nanos=2_999_999), max_age=Duration(nanos=1_000_000)), SERVICE
    )
    assert (order.as_of_ms, order.max_age_ms) == (-998, 1)
    assert order.span(5) == TimeSpan(-999, -998)
    assert replace(order, as_of_ms=None).span(5) == TimeSpan(4, None)
    assert analysis_order(Settings(), SERVICE).span(5).is_open


@pytest.mark.parametrize(
    "as_of", [Timestamp(seconds=253_402_300_800), Timestamp(seconds=-62_135_596_801), Timestamp(nanos=-1)]
)
def test_moments_that_are_none(as_of: Timestamp) -> None:
    assert settings_violations(Settings(as_of=as_of)) == ["settings.as_of"]


@pytest.mark.parametrize(
    "max_age",
    [
        Duration(),
        Duration(nanos=999_999),
        Duration(seconds=-1),
        Duration(seconds=315_576_000_001),
        Duration(seconds=1, nanos=-1),
        Duration(nanos=2_000_000_000),
    ],
)
def test_ages_that_are_none(max_age: Duration) -> None:
    assert settings_violations(Settings(max_age=max_age)) == ["settings.max_age"]


@pytest.mark.parametrize("configured", Rules)
def test_rules_in_charge(configured: Rules) -> None:
    service = replace(SERVICE, rules=configured)
    found = [
        analysis_order(Settings(rules=on_wire), service).advice.rules
        for on_wire in (feedback_pb2.RULES_UNSPECIFIED, feedback_pb2.RULES_REFERENCE, feedback_pb2.RULES_EVIDENCE)
    ]
    assert found == [configured, Rules.REFERENCE, Rules.EVIDENCE]


def test_rules_that_are_not_known() -> None:
    settings = Settings(minimum_samples=0)
    settings.MergeFromString(bytes([7 << 3, 99]))
    assert settings_violations(settings) == ["settings.minimum_samples", "settings.rules"]
    settings.ClearField("minimum_samples")
    with pytest.raises(InvalidRequestError, match="99 is not known; give RULES_REFERENCE or RULES_EVIDENCE"):
        analysis_order(settings, SERVICE)


def test_settings_that_are_given() -> None:
    settings = Settings(
        regime_window=1,
        portfolio_window=2,
        trade_window=MAX_WINDOW,
        minimum_samples=3,
        minimum_policy_trades=9,
        policy_rules=[
            Rule(regime=" bull ", win_rate_above=0.0, policy=feedback_pb2.POLICY_AGGRESSIVE),
            Rule(avg_pnl_above=-1e15, policy=feedback_pb2.POLICY_CONSERVATIVE),
        ],
    )
    order = analysis_order(settings, SERVICE)
    assert order.advice.windows == WindowSettings(1, 2, MAX_WINDOW)
    assert (order.advice.minimum_samples, order.advice.minimum_policy_trades) == (3, 9)
    assert order.policy_table == (
        Row(Policy.AGGRESSIVE, regimes=("BULL",), win_rate_above=0.0),
        Row(Policy.CONSERVATIVE, avg_pnl_above=-1e15),
    )


@each_case("name", ["regime_window", "portfolio_window", "trade_window", "minimum_samples", "minimum_policy_trades"])
@each_case("value", [0, MAX_WINDOW + 1, 2**32 - 1])
def test_numbers_outside_the_bounds(name: str, value: int) -> None:
    settings = Settings()
    setattr(settings, name, value)
    assert settings_violations(settings) == [f"settings.{name}"]


@each_case(
    ("rule", "field"),
    [
        (Rule(), "policy"),
        (Rule(regime="BULL"), "policy"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, win_rate_above=1.01), "win_rate_above"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, win_rate_above=-0.01), "win_rate_above"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, win_rate_above=math.nan), "win_rate_above"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, avg_pnl_above=math.nan), "avg_pnl_above"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, avg_pnl_above=-math.inf), "avg_pnl_above"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, regime="x" * 65), "regime"),
        (Rule(policy=feedback_pb2.POLICY_BALANCED, regime="a\x00b"), "regime"),
    ],
)
def test_a_bad_rule_is_named_with_its_index(rule: analysis_pb2.PolicyRule, field: str) -> None:
    good = Rule(policy=feedback_pb2.POLICY_BALANCED)
    assert settings_violations(Settings(policy_rules=[good, rule])) == [f"settings.policy_rules[1].{field}"]


def test_more_rules_than_anybody_needs() -> None:
    rule = Rule(policy=feedback_pb2.POLICY_BALANCED)
    assert len(analysis_order(Settings(policy_rules=[rule] * MAX_POLICY_RULES), SERVICE).policy_table) == 1_000
    assert settings_violations(Settings(policy_rules=[rule] * (MAX_POLICY_RULES + 1))) == ["settings.policy_rules"]


def test_all_that_is_wrong_in_settings_is_told() -> None:
    settings = Settings(regime_window=0, minimum_samples=0, policy_rules=[Rule(win_rate_above=2.0)])
    assert settings_violations(settings) == [
        "settings.regime_window",
        "settings.minimum_samples",
        "settings.policy_rules[0].policy",
        "settings.policy_rules[0].win_rate_above",
    ]
