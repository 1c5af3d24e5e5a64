"""Feedback as JSON: the contract's keys first, and reading as the exact inverse of writing."""

from __future__ import annotations

import json

import pytest
from advice import EARLIEST_MS, LATEST_MS, NOW_MS, any_feedback, feedback
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable
from server.revisions.strange_json import LATER, STRANGE, check_sayable, strict

from strategic_memory_server.advice.feedback import Feedback, warming_up
from strategic_memory_server.revisions.feedback_json import (
    MalformedFeedbackError,
    decode_feedback,
    encode_event,
    encode_feedback,
)
from strategic_memory_server.revisions.log_times import from_iso, to_iso

CONTRACT_KEYS = [
    "preferred_regime",
    "updated_policy",
    "confidence_boost",
    "leverage_hint",
    "regime_performance",
    "timestamp",
    "version",
]


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


@each_case(
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


@each_case("key", [key for key in WORTH_A_TRY if key not in LATER])
def test_a_missing_key_is_refused(key: str) -> None:
    document = json.loads(encode_feedback(feedback(1)))
    del document[key]
    with pytest.raises(MalformedFeedbackError):
        decode_feedback(json.dumps(document).encode())


def test_keys_that_a_later_version_adds_are_ignored() -> None:
    document = json.loads(encode_feedback(feedback(1))) | {"horizon": 3}
    document["reasons"][0]["weight"] = 1
    document["reasons"][0]["comparisons"][0]["unit"] = "%"
    assert decode_feedback(json.dumps(document).encode()) == feedback(1)
