"""Feedback as JSON: the contract's keys first, and reading as the exact inverse of writing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from advice import EARLIEST_MS, LATEST_MS, NOW_MS, any_feedback, feedback, with_evidence
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory.v1 import feedback_pb2
from strategic_memory_server.feedback import Advice, Feedback, warming_up
from strategic_memory_server.revisions.feedback_json import (
    MalformedFeedbackError,
    decode_feedback,
    encode_event,
    encode_feedback,
    from_iso,
    to_iso,
)
from strategic_memory_server.rpc.to_wire import feedback_message

CONTRACT_KEYS = [
    "preferred_regime",
    "updated_policy",
    "confidence_boost",
    "leverage_hint",
    "regime_performance",
    "timestamp",
    "version",
]


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def strict(text: str) -> dict[str, Any]:
    """Read JSON as a strict reader does: no NaN, no Infinity."""
    document: dict[str, Any] = json.loads(text, parse_constant=refuse_constant)
    return document


@given(any_feedback())
@repeatable(300)
def test_what_is_written_is_read_back(said: Feedback) -> None:
    text = encode_feedback(said)
    assert decode_feedback(text.encode()) == said
    document = strict(text)
    assert list(document)[: len(CONTRACT_KEYS)] == CONTRACT_KEYS
    assert "\n" not in text
    assert text.isascii()


def test_the_contracts_keys_hold_what_the_contract_says() -> None:
    document = strict(encode_feedback(feedback(7)))
    assert {key: document[key] for key in CONTRACT_KEYS} == {
        "preferred_regime": "BULL",
        "updated_policy": "AGGRESSIVE",
        "confidence_boost": 0.75,
        "leverage_hint": 1.5,
        "regime_performance": {"avg_pnl": 0.3, "win_rate": 0.7, "sample_count": 10},
        "timestamp": "2025-12-21T06:00:00.000Z",
        "version": "1.0.0",
    }
    assert list(document["regime_performance"]) == ["avg_pnl", "win_rate", "sample_count"]
    assert (document["revision"], document["epoch"], document["status"]) == (7, "e1", "ACTIVE")


def test_an_undefined_win_rate_reads_as_zero_and_is_still_read_back() -> None:
    said = feedback(1)
    performance = said.advice.regime_performance
    assert performance is not None
    object.__setattr__(performance, "wins", 0)
    object.__setattr__(performance, "losses", 0)
    text = encode_feedback(said)
    assert strict(text)["regime_performance"]["win_rate"] == 0.0
    read = decode_feedback(text.encode()).advice.regime_performance
    assert read is not None
    assert read.win_rate is None


def test_the_event_is_that_of_the_contract() -> None:
    document = strict(encode_event(feedback(7)))
    assert document["event"] == "strategic_feedback_updated"
    assert (document["regime"], document["policy"], document["confidence"]) == ("BULL", "AGGRESSIVE", 0.75)
    assert (document["revision"], document["epoch"]) == (7, "e1")


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-1_500, "1969-12-31T23:59:58.500Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (NOW_MS + 7, "2025-12-21T06:00:00.007Z"),
        (LATEST_MS, "9999-12-31T23:59:59.999Z"),
        (EARLIEST_MS, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_times(time_ms: int, text: str) -> None:
    assert to_iso(time_ms) == text
    assert from_iso(text) == time_ms


@given(st.integers(EARLIEST_MS, LATEST_MS))
@repeatable(500)
def test_every_time_is_read_back(time_ms: int) -> None:
    assert from_iso(to_iso(time_ms)) == time_ms


def test_no_time_is_null() -> None:
    assert to_iso(None) is None
    assert from_iso(None) is None
    assert strict(encode_feedback(warming_up("1.0.0")))["timestamp"] is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 10_000,
    ],
)
def test_what_is_no_feedback_says_so(raw: bytes) -> None:
    with pytest.raises(MalformedFeedbackError, match="not a feedback"):
        decode_feedback(raw)


STRANGE: st.SearchStrategy[object] = st.sampled_from(
    [None, True, "", "text", -1, 2**64, 10**400, 1e308, [], {}, [[]], {"a": 1}, "9999-12-31", "\ud800"]
) | st.floats(allow_nan=True, allow_infinity=True)
WORTH_A_TRY = list(json.loads(encode_feedback(feedback(1))))


@given(st.sampled_from(WORTH_A_TRY), STRANGE)
@repeatable(600)
def test_a_strange_value_is_refused_or_can_be_said_on_the_wire(key: str, value: object) -> None:
    document = json.loads(encode_feedback(feedback(1))) | {key: value}
    check_sayable(document)


@given(
    st.sampled_from(
        [("regime_performance", "avg_pnl"), ("regime_performance", "sample_count"), ("regime_decided", "wins")]
    ),
    STRANGE,
)
@repeatable(200)
def test_a_strange_figure_is_refused_or_can_be_said_on_the_wire(path: tuple[str, str], value: object) -> None:
    document = json.loads(encode_feedback(feedback(1)))
    document[path[0]][path[1]] = value
    check_sayable(document)


@given(
    st.sampled_from(["code", "sentence", "comparisons", "measurement", "value", "operator", "threshold", "holds"]),
    STRANGE,
)
@repeatable(200)
def test_a_strange_reason_is_refused_or_can_be_said_on_the_wire(key: str, value: object) -> None:
    document = json.loads(encode_feedback(feedback(1)))
    reason = document["reasons"][0]
    if key in reason:
        reason[key] = value
    else:
        reason["comparisons"][0][key] = value
    check_sayable(document)


def check_sayable(document: dict[str, Any]) -> None:
    """Either it is refused as malformed, or it can be sent and written again."""
    with contextlib.suppress(MalformedFeedbackError):
        read = decode_feedback(json.dumps(document).encode())
        feedback_message(read).SerializeToString()
        strict(encode_feedback(read))


LATER = ["rules", "leverage_bound_by", "current", "evidence"]
"""Keys that the first entries of a log may not have."""


@pytest.mark.parametrize("key", [key for key in WORTH_A_TRY if key not in LATER])
def test_a_missing_key_is_refused(key: str) -> None:
    document = json.loads(encode_feedback(feedback(1)))
    del document[key]
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


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
    }
    messages = feedback_pb2.RegimeAdvice(), feedback_pb2.Evidence(), feedback_pb2.PolicyEvidence()
    parts = document["current"], document["evidence"], document["evidence"]["policies"][1]
    for message, part in zip(messages, parts, strict=True):
        assert set(part) == {field.name for field in message.DESCRIPTOR.fields}


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


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", [None, True, [[]], {"a": 1}, -1.5e400])
def test_evidence_of_another_type_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = changed(path, lambda holder, last: holder.__setitem__(last, value))
    if value is None and path[-1] in MAY_BE_NULL:
        decode_feedback(json.dumps(document).encode())
        return
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@pytest.mark.parametrize("path", [path for path in PATHS if isinstance(path[-1], str)])
def test_a_part_of_the_evidence_that_is_missing_is_refused(path: tuple[str | int, ...]) -> None:
    document = changed(path, lambda holder, last: holder.__delitem__(last))
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@pytest.mark.parametrize("value", [None, "", "evidence", 1, [], {}])
def test_rules_that_are_not_known_are_refused(value: object) -> None:
    document = strict(encode_feedback(with_all())) | {"rules": value}
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@pytest.mark.parametrize("key", ["leverage_bound_by", "current", "evidence"])
@pytest.mark.parametrize("value", [False, 0, [], {}])
def test_what_is_empty_is_not_the_same_as_null(key: str, value: object) -> None:
    document = strict(encode_feedback(with_all())) | {key: value}
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


@pytest.mark.parametrize("key", ["policies", "cautions"])
@pytest.mark.parametrize("value", ["", "abc", {}, {"BALANCED": 1}])
def test_what_iterates_like_a_list_is_none(key: str, value: object) -> None:
    document = strict(encode_feedback(with_all()))
    document["evidence"][key] = value
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


def test_keys_that_a_later_version_adds_are_ignored() -> None:
    document = json.loads(encode_feedback(feedback(1))) | {"horizon": 3}
    document["reasons"][0]["weight"] = 1
    document["reasons"][0]["comparisons"][0]["unit"] = "%"
    assert decode_feedback(json.dumps(document).encode()) == feedback(1)
