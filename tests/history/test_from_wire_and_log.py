"""What is read from the wire and from the log is the same value for the same feedback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from each_case import each_case
from google.protobuf import any_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from history.from_log import UnreadableEntryError, feedback_of_entry
from history.from_wire import FeedbackReader, feedback_of, heartbeat_of, refusal_of, status_of
from history.log_entries import document, entry
from history.model import Advice, Position, Refusal, Status

from strategic_memory.v1 import feedback_pb2

SIX, SEVEN = Timestamp(seconds=1_766_296_800), Timestamp(seconds=1_766_300_400)
VALID_UNTIL_MS = 1_766_296_980_250.0


def on_the_wire(changes: Mapping[str, Any] | None = None) -> feedback_pb2.Feedback:
    """The feedback of `log_entries.document(7)` as a server sends it."""
    fields: dict[str, Any] = {
        "revision": 7,
        "epoch": "e",
        "status": feedback_pb2.FEEDBACK_STATUS_ACTIVE,
        "preferred_regime": "BULL",
        "updated_policy": feedback_pb2.POLICY_BALANCED,
        "confidence_boost": 0.7,
        "leverage_hint": 1.2,
        "regime_performance": feedback_pb2.RegimePerformance(
            avg_pnl=0.25, win_rate=0.75, sample_count=5, wins=3, losses=1
        ),
        "current_regime": "BULL",
        "timestamp": Timestamp(seconds=1_766_296_800),
        "data_as_of": Timestamp(seconds=1_766_296_799),
        "valid_until": Timestamp(seconds=1_766_296_980, nanos=250_000_000),
        "version": "1.0.0",
        "reasons": [
            feedback_pb2.Reason(
                code="POLICY_RULE",
                sentence="BALANCED: a rule matches.",
                comparisons=[
                    feedback_pb2.Comparison(
                        measurement="win_rate", value=0.75, operator=">", threshold=0.6, holds=True
                    ),
                    feedback_pb2.Comparison(measurement="avg_pnl", operator=">", threshold=1.0),
                ],
            )
        ],
        "rules": feedback_pb2.RULES_EVIDENCE,
        "current": current(),
        "evidence": evidence(),
        "leverage_caps": [feedback_pb2.LeverageCap(source="override", value=1.2, since=SIX)],
        "override": feedback_pb2.Override(
            leverage=1.2,
            reason="exchange degraded",
            set_by="desk",
            set_at=SIX,
            until=SEVEN,
            rules_policy=feedback_pb2.POLICY_BALANCED,
            rules_leverage_hint=1.4,
            rules_current_policy=feedback_pb2.POLICY_AGGRESSIVE,
            rules_current_leverage_hint=1.3,
        ),
        "freeze": feedback_pb2.Freeze(
            revision=3, epoch="e", reason="producer is replaced", set_by="desk", set_at=SIX, until=SEVEN
        ),
        "guard": feedback_pb2.DrawdownGuard(
            factor=0.8,
            since=SIX,
            results=70,
            recent_spread=1.25,
            usual_spread=1.0,
            recent_largest_share=0.1,
            usual_largest_share=0.05,
        ),
    }
    return feedback_pb2.Feedback(**{**fields, **(changes or {})})


def current(**changes: object) -> feedback_pb2.RegimeAdvice:
    fields: dict[str, Any] = {
        "regime": "BULL",
        "policy": feedback_pb2.POLICY_AGGRESSIVE,
        "confidence_boost": 0.6,
        "leverage_hint": 1.1,
        "leverage_bound_by": "risk:leverage_limits",
    }
    return feedback_pb2.RegimeAdvice(**{**fields, **changes})


def evidence(**changes: object) -> feedback_pb2.Evidence:
    fields: dict[str, Any] = {
        "regime": "BULL",
        "recommended_policy": feedback_pb2.POLICY_BALANCED,
        "confidence_boost": 0.9,
        "leverage_hint": 1.3,
        "policies": [
            feedback_pb2.PolicyEvidence(
                policy=feedback_pb2.POLICY_BALANCED,
                observations=9,
                mean_pnl=0.1,
                interval_low=-0.2,
                interval_high=0.4,
                utility=0.05,
                probability_best=0.95,
                probability_beats_conservative=0.97,
                probability_mean_positive=0.9,
                more_observations=0,
            )
        ],
        "cautions": ["ONE_POLICY_ONLY"],
        "observations": 12,
    }
    return feedback_pb2.Evidence(**{**fields, **changes})


def test_the_log_and_the_wire_give_the_same_value() -> None:
    feedback = feedback_of(on_the_wire())
    assert feedback == feedback_of_entry(*entry(7))
    assert feedback.position == Position("e", 7)
    assert feedback.status is Status.ACTIVE
    beside = Advice("POLICY_AGGRESSIVE", 0.6, 1.1), Advice("POLICY_BALANCED", 0.9, 1.3)
    rules = {
        "rules_current_leverage_hint": 1.3,
        "rules_current_policy": "POLICY_AGGRESSIVE",
        "rules_leverage_hint": 1.4,
        "rules_policy": "POLICY_BALANCED",
    }
    assert feedback.advice == Advice("POLICY_BALANCED", 0.7, 1.2, beside, json.dumps(rules))
    assert feedback.valid_until_ms == VALID_UNTIL_MS


def test_every_field_of_a_feedback_is_in_some_part_of_its_value() -> None:
    elsewhere = {"revision", "epoch", "status", "updated_policy", "confidence_boost", "leverage_hint"}
    times = {"timestamp", "data_as_of", "valid_until"}
    seen = {name for name, _ in feedback_of(on_the_wire()).seen}
    assert seen | elsewhere | times == {field.name for field in feedback_pb2.Feedback.DESCRIPTOR.fields}


@each_case(
    "change",
    [
        {"preferred_regime": "BEAR"},
        {"current_regime": "BEAR"},
        {"version": "2"},
        {"best_policy": feedback_pb2.POLICY_BALANCED},
        {"reasons": []},
        {"rules": feedback_pb2.RULES_REFERENCE},
        {"leverage_bound_by": "risk:leverage_limits"},
        {"current": None},
        {"current": current(regime="BEAR")},
        {"current": current(is_probe=True)},
        {"evidence": None},
        {"evidence": evidence(observations=13)},
        {"evidence": evidence(policies=[])},
        {"regime_performance": feedback_pb2.RegimePerformance(avg_pnl=0.25, sample_count=5, wins=3, losses=1)},
    ],
)
def test_what_was_seen_tells_feedbacks_apart(change: dict[str, Any]) -> None:
    assert feedback_of(on_the_wire(change)).seen != feedback_of(on_the_wire()).seen


def test_what_a_stale_rendering_withholds_of_the_parts_is_advice_and_not_content() -> None:
    withheld: dict[str, object] = {"confidence_boost": 0.0, "leverage_hint": 1.0}
    safe = on_the_wire(
        {
            "current": current(policy=feedback_pb2.POLICY_CONSERVATIVE, **withheld),
            "evidence": evidence(recommended_policy=feedback_pb2.POLICY_CONSERVATIVE, **withheld),
        }
    )
    assert feedback_of(safe).seen == feedback_of(on_the_wire()).seen
    assert feedback_of(safe).advice.beside == (Advice("POLICY_CONSERVATIVE", 0.0, 1.0),) * 2


def test_what_the_rules_say_beside_an_override_is_advice_and_not_content() -> None:
    override = feedback_pb2.Override()
    override.CopyFrom(on_the_wire().override)
    for name in ("rules_policy", "rules_leverage_hint", "rules_current_policy", "rules_current_leverage_hint"):
        override.ClearField(name)
    withheld = feedback_of(on_the_wire({"override": override}))
    assert withheld.seen == feedback_of(on_the_wire()).seen
    assert withheld.advice == replace(feedback_of(on_the_wire()).advice, rules="")
    override.rules_leverage_hint = 1.5
    assert feedback_of(on_the_wire({"override": override})).advice.rules == '{"rules_leverage_hint": 1.5}'
    override.leverage = 0.9
    assert feedback_of(on_the_wire({"override": override})).seen != withheld.seen


def test_times_do_not_tell_feedbacks_apart() -> None:
    later = on_the_wire({"timestamp": Timestamp(seconds=9), "data_as_of": Timestamp(seconds=8)})
    assert feedback_of(later) == feedback_of(on_the_wire())


def test_the_reason_that_a_stale_rendering_adds_is_left_out() -> None:
    lapsed = feedback_pb2.Reason(code="VALIDITY_PASSED", sentence="valid until 06:03")
    own = list(on_the_wire().reasons)
    stale = on_the_wire({"status": feedback_pb2.FEEDBACK_STATUS_STALE, "reasons": [lapsed, *own]})
    active = on_the_wire({"reasons": [lapsed, *own]})
    assert feedback_of(stale).seen == feedback_of(on_the_wire()).seen
    assert feedback_of(active).seen != feedback_of(on_the_wire()).seen


def test_equal_feedbacks_are_held_once() -> None:
    reader = FeedbackReader()
    assert reader.read(on_the_wire()) is reader.read(on_the_wire())
    assert reader.read(on_the_wire({"revision": 8})).position.revision == 8


def test_absent_times_stay_absent() -> None:
    nothing = feedback_pb2.Feedback(status=feedback_pb2.FEEDBACK_STATUS_WARMING_UP)
    assert feedback_of(nothing).valid_until_ms is None
    beat = heartbeat_of(feedback_pb2.Heartbeat(revision=3, epoch="e"), 5.0)
    assert (beat.position, beat.valid_until_ms, beat.sent_ms, beat.status) == (
        Position("e", 3),
        None,
        None,
        Status.UNSPECIFIED,
    )
    assert status_of(feedback_pb2.FEEDBACK_STATUS_STALE) is Status.STALE


def test_a_win_rate_of_nothing_decided_is_absent_on_the_wire_and_0_in_the_log() -> None:
    undecided = document(7) | {"regime_decided": {"wins": 0, "losses": 0}}
    undecided["regime_performance"] = {"avg_pnl": 0.25, "win_rate": 0.0, "sample_count": 5}
    performance = feedback_pb2.RegimePerformance(avg_pnl=0.25, sample_count=5)
    entry_id, fields = entry(7)
    fields[b"feedback"] = json.dumps(undecided).encode()
    assert feedback_of_entry(entry_id, fields) == feedback_of(on_the_wire({"regime_performance": performance}))


@pytest.mark.parametrize(
    "broken",
    [
        {b"feedback": b"not JSON"},
        {b"feedback": b"{}"},
        {b"feedback": b"[]"},
        {b"revision": b"8"},
        {b"epoch": b"another"},
        {b"feedback": json.dumps(document(7) | {"status": "NEW"}).encode()},
    ],
)
def test_an_entry_that_is_not_the_services_own_is_told_apart(broken: dict[bytes, bytes]) -> None:
    entry_id, fields = entry(7)
    with pytest.raises(UnreadableEntryError, match="7-0"):
        feedback_of_entry(entry_id, {**fields, **broken})
    with pytest.raises(UnreadableEntryError, match="8-0"):
        feedback_of_entry(b"8-0", fields)
    with pytest.raises(UnreadableEntryError):
        feedback_of_entry(entry_id, {b"foreign": b"entry"})


def test_the_refusal_is_read_as_it_was_told() -> None:
    info = error_details_pb2.ErrorInfo(
        reason="REVISION_COMPACTED", domain="d", metadata={"oldest": "3", "current": "-1", "epoch": "e"}
    )
    other, packed = any_pb2.Any(), any_pb2.Any()
    other.Pack(Timestamp())
    packed.Pack(info)
    status = status_pb2.Status(code=11, details=[other, packed])
    assert refusal_of(status.SerializeToString()) == Refusal("d", "REVISION_COMPACTED", 3, None, "e")
    assert refusal_of(status_pb2.Status(code=11).SerializeToString()) is None
