"""The evidence in the JSON of a feedback: its place, its reading back, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from advice import feedback, with_evidence
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from server.revisions.strange_json import LATER, STRANGE, check_sayable, strict

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.advice.feedback import Advice, Feedback
from strategic_memory_server.revisions.feedback_json import (
    MalformedFeedbackError,
    decode_feedback,
    encode_event,
    encode_feedback,
)


def with_all(revision: int = 1) -> Feedback:
    said = feedback(revision)
    return replace(said, advice=with_evidence(said.advice))


def test_the_evidence_comes_last_with_every_name_of_the_wire() -> None:
    document = strict(encode_feedback(with_all()))
    assert list(document)[-len(LATER) :] == LATER
    assert (document["rules"], document["leverage_bound_by"]) == ("EVIDENCE", "risk:leverage_limits")
    assert document["current"] == {
        "regime": "BULL",
        "policy": "BALANCED",
        "confidence_boost": 0.6,
        "leverage_hint": 1.75,
        "leverage_bound_by": "evidence:kelly",
        "is_probe": True,
    }
    messages = feedback_pb2.RegimeAdvice(), feedback_pb2.Evidence(), feedback_pb2.PolicyEvidence()
    parts = document["current"], document["evidence"], document["evidence"]["policies"][1]
    for message, part in zip(messages, parts, strict=True):
        assert set(part) == {field.name for field in message.DESCRIPTOR.fields}


WRITTEN = (
    '{"preferred_regime": "BULL", "updated_policy": "AGGRESSIVE", "confidence_boost": 0.75, "leverage_hint": '
    '1.5, "regime_performance": {"avg_pnl": 0.3, "win_rate": 0.7, "sample_count": 10}, "timestamp": '
    '"2025-12-21T06:00:00.000Z", "version": "1.0.0", "revision": 1, "epoch": "e1", "status": "ACTIVE", '
    '"current_regime": "e1/1", "best_policy": "BALANCED", "data_as_of": "2025-12-21T05:59:59.000Z", '
    '"valid_until": "2025-12-21T06:03:00.000Z", "regime_decided": {"wins": 7, "losses": 3}, "reasons": '
    '[{"code": "MADE_UP", "sentence": "It is e1/1.", "comparisons": [{"measurement": "win_rate", "value": '
    '0.7, "operator": ">", "threshold": 0.6, "holds": true}]}], "rules": "EVIDENCE", "leverage_bound_by": '
    '"risk:leverage_limits", "current": {"regime": "BULL", "policy": "BALANCED", "confidence_boost": 0.6, '
    '"leverage_hint": 1.75, "leverage_bound_by": "evidence:kelly", "is_probe": true}, "evidence": {"regime": '
    '"BULL", "recommended_policy": "BALANCED", "confidence_boost": 0.8125, "leverage_hint": 1.25, '
    '"leverage_bound_by": "risk:leverage_limits", "policies": [{"policy": "CONSERVATIVE", "observations": '
    '12, "effective_observations": null, "mean_pnl": 0.01, "interval_low": -0.02, "interval_high": 0.04, '
    '"utility": 0.005, "probability_best": 0.0625, "probability_beats_conservative": null, '
    '"probability_mean_positive": 0.75, "more_observations": null}, {"policy": "BALANCED", "observations": '
    '20, "effective_observations": 18.5, "mean_pnl": 0.1, "interval_low": 0.05, "interval_high": 0.15, '
    '"utility": 0.09, "probability_best": 0.9, "probability_beats_conservative": 0.96, '
    '"probability_mean_positive": 0.99, "more_observations": 0}, {"policy": "AGGRESSIVE", "observations": 8, '
    '"effective_observations": 7.25, "mean_pnl": 0.06, "interval_low": -0.3, "interval_high": 0.42, '
    '"utility": -0.2, "probability_best": 0.0375, "probability_beats_conservative": 0.3, '
    '"probability_mean_positive": 0.6, "more_observations": 150}], "cautions": ["ONE_POLICY_ONLY"], '
    '"observations": 40}, "leverage_caps": [{"source": "risk:leverage_limits", "value": 1.75, "since": '
    '"2025-12-21T06:00:00.000Z"}, {"source": "exposure:summary", "value": 2.5, "since": null}]}'
)


def test_it_is_written_byte_for_byte_as_it_has_always_been() -> None:
    """What this service once wrote in a log, others read for as long as it is retained."""
    assert encode_feedback(with_all()) == WRITTEN
    assert decode_feedback(WRITTEN.encode()) == with_all()


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("leverage_hint",), "1.5", "leverage_hint: Input should be a valid number"),
        (("current", "policy"), "BOLD", "current.policy: Value error, is none of CONSERVATIVE, BALANCED, AGGRESSIVE"),
        (("evidence", "policies", 1, "observations"), -1, "evidence.policies.1.observations: Input should be greater"),
        (("timestamp",), "2025-12-21T06:00:00", "timestamp: Value error, has no timezone"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: tuple[str | int, ...], value: object, told: str) -> None:
    document = changed(path, lambda holder, last: holder.__setitem__(last, value))
    with pytest.raises(MalformedFeedbackError, match=rf"^not a feedback \({re.escape(told)}"):
        decode_feedback(json.dumps(document).encode())


def test_where_nothing_is_explored_it_is_written_as_if_that_did_not_exist() -> None:
    said = with_all()
    assert said.advice.current is not None
    plain = replace(said, advice=replace(said.advice, current=replace(said.advice.current, is_probe=False)))
    assert "is_probe" not in encode_feedback(plain) + encode_event(plain)
    assert decode_feedback(encode_feedback(plain).encode()) == plain


@pytest.mark.parametrize("preferred", ["BULL", "BEAR"])
def test_an_event_says_whether_its_policy_is_a_probe(preferred: str) -> None:
    said = with_all()
    event = strict(encode_event(replace(said, advice=replace(said.advice, preferred_regime=preferred))))
    assert event.get("is_probe", False) is (preferred == "BULL")


@pytest.mark.parametrize("missing", [LATER, *([key] for key in LATER)])
def test_an_entry_of_before_there_was_evidence_is_read_with_the_defaults(missing: list[str]) -> None:
    said = with_all()
    document = {key: value for key, value in strict(encode_feedback(said)).items() if key not in missing}
    defaults: dict[str, Any] = {field.name: field.default for field in fields(Advice) if field.name in missing}
    assert decode_feedback(json.dumps(document).encode()) == replace(said, advice=replace(said.advice, **defaults))


PATHS: list[tuple[str | int, ...]] = [
    *(("current", field.name) for field in feedback_pb2.RegimeAdvice.DESCRIPTOR.fields),
    *(("evidence", field.name) for field in feedback_pb2.Evidence.DESCRIPTOR.fields),
    ("evidence", "policies", 1),
    ("evidence", "cautions", 0),
    *(("evidence", "policies", 1, field.name) for field in feedback_pb2.PolicyEvidence.DESCRIPTOR.fields),
]
MAY_BE_NULL = {
    "leverage_bound_by",
    "effective_observations",
    "probability_beats_conservative",
    "more_observations",
}


def changed(path: tuple[str | int, ...], change: Callable[[Any, str | int], None]) -> dict[str, Any]:
    """The document of a feedback with evidence, changed at one place."""
    document = strict(encode_feedback(with_all()))
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    change(holder, path[-1])
    return document


@given(st.sampled_from([("rules",), ("leverage_bound_by",), ("current",), ("evidence",), *PATHS]), STRANGE)
@repeatable(600)
def test_strange_evidence_is_refused_or_can_be_said_on_the_wire(path: tuple[str | int, ...], value: object) -> None:
    check_sayable(changed(path, lambda holder, last: holder.__setitem__(last, value)))


@each_case("path", PATHS)
@each_case("value", [None, True, [[]], {"a": 1}, -1.5e400])
def test_evidence_of_another_type_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = changed(path, lambda holder, last: holder.__setitem__(last, value))
    if (value is None and path[-1] in MAY_BE_NULL) or (value is True and path[-1] == "is_probe"):
        decode_feedback(json.dumps(document).encode())
        return
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@each_case("path", [path for path in PATHS if isinstance(path[-1], str) and path[-1] != "is_probe"])
def test_a_part_of_the_evidence_that_is_missing_is_refused(path: tuple[str | int, ...]) -> None:
    document = changed(path, lambda holder, last: holder.__delitem__(last))
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@pytest.mark.parametrize("value", [None, "", "evidence", 1, [], {}])
def test_rules_that_are_not_known_are_refused(value: object) -> None:
    document = strict(encode_feedback(with_all())) | {"rules": value}
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@each_case("key", ["leverage_bound_by", "current", "evidence"])
@each_case("value", [False, 0, [], {}])
def test_what_is_empty_is_not_the_same_as_null(key: str, value: object) -> None:
    document = strict(encode_feedback(with_all())) | {key: value}
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@each_case("key", ["policies", "cautions"])
@each_case("value", ["", "abc", {}, {"BALANCED": 1}])
def test_what_iterates_like_a_list_is_none(key: str, value: object) -> None:
    document = strict(encode_feedback(with_all()))
    document["evidence"][key] = value
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())
