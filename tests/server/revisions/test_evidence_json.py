"""The evidence in the JSON of a feedback: its place, its reading back, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from advice import feedback, with_evidence
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from strange_json import LATER, STRANGE, check_sayable, strict

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.feedback import Advice, Feedback
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
