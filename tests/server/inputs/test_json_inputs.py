"""JSON values that other modules leave in Redis: what is taken, and the reason why something is not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from each_case import each_case
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError
from strategic_memory_server.inputs.json_inputs import (
    MAX_BYTES,
    MAX_DEPTH,
    read_object,
    read_policy,
    read_regime_name,
    read_regime_stats,
)
from strategic_memory_server.memory.json_types import JsonObject
from strategic_memory_server.memory.policy import Policy

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def reason_of(read: Callable[[bytes], object], raw: bytes) -> str:
    with pytest.raises(RejectionError) as refused:
        read(raw)
    assert len(refused.value.excerpt) <= 4 * 80
    return refused.value.reason


def nested(depth: int) -> bytes:
    """An object in which a value lies `depth` lists deep."""
    return b'{"a": ' + b"[" * depth + b"1" + b"]" * depth + b"}"


@each_case(
    "raw",
    [
        b"{}",
        b' {"a": 1} \n',
        b'{"": null}',
        '{"é": "日本"}'.encode(),
        b'{"a": 1e15, "b": -1000000000000000}',
        b'{"a": 1e-400}',
        b'{"a": "\\ud83d\\ude00"}',
        nested(MAX_DEPTH - 1),
        b'{"a": "' + b"x" * (MAX_BYTES - 9) + b'"}',
    ],
)
def test_objects_that_can_be_shown_and_sent(raw: bytes) -> None:
    value = read_object(raw)
    assert value == json.loads(raw)
    sendable(value)


@each_case(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1,}', "not_json"),
        (b'{"a": 01}', "not_json"),
        (b'{"a": "\x00"}', "not_json"),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', "not_json"),
        (b"\xff", "not_utf8"),
        (b'{"a": "\xe9"}', "not_utf8"),
        (b'{"a": "\\ud800"}', "not_utf8"),
        (b'{"\\udfff": 1}', "not_utf8"),
        (b'{"a": ["\\udc00\\ud800"]}', "not_utf8"),
        (b"[]", "not_a_json_object"),
        (b"1", "not_a_json_object"),
        (b"null", "not_a_json_object"),
        (b'"text"', "not_a_json_object"),
        (b'{"a": NaN}', "number_not_finite"),
        (b'{"a": [Infinity]}', "number_not_finite"),
        (b'{"a": {"b": -Infinity}}', "number_not_finite"),
        (b'{"a": 1e400}', "number_out_of_range"),
        (b'{"a": 1e16}', "number_out_of_range"),
        (b'{"a": -1000000000000001}', "number_out_of_range"),
        (b'{"a": ' + b"9" * 4_000 + b"}", "number_out_of_range"),
        (b'{"a": ' + b"9" * 60_000 + b"}", "number_out_of_range"),
        (nested(MAX_DEPTH + 1), "nested_too_deep"),
        (nested(990), "nested_too_deep"),
        (nested(30_000), "nested_too_deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested_too_deep"),
        (nested(100_000), "too_large"),
        (b'{"a": "' + b"x" * 2**20 + b'"}', "too_large"),
        (b" " * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_objects_that_cannot_say_why(raw: bytes, reason: str) -> None:
    assert reason_of(read_object, raw) == reason


def sendable(value: JsonObject) -> None:
    """It fits a message of the wire and a strict JSON document."""
    struct = Struct()
    struct.update(value)
    assert Struct.FromString(struct.SerializeToString()) == struct
    json.dumps(value, allow_nan=False).encode()


@given(st.dictionaries(st.text(max_size=5), ANY_JSON, max_size=5))
@repeatable(300)
def test_whatever_is_taken_can_be_sent(value: dict[str, object]) -> None:
    raw = json.dumps(value).encode()
    try:
        taken = read_object(raw)
    except RejectionError:
        return
    assert taken == json.loads(raw)
    sendable(taken)


@given(st.binary(max_size=60) | st.text('{}[]",:0123456789eE-+.truefalsn\\u ', max_size=40).map(str.encode))
@repeatable(1_000)
def test_no_bytes_give_anything_but_an_object_or_a_reason(raw: bytes) -> None:
    for read in (read_object, read_regime_stats, read_regime_name, read_policy):
        with contextlib.suppress(RejectionError):
            read(raw)


def test_regime_stats() -> None:
    stats = {"BULL": {"count": 3, "total_pnl": 0.3, "avg_pnl": 0.1, "wins": 2, "losses": 1, "win_rate": 0.67}, "X": {}}
    assert read_regime_stats(json.dumps(stats).encode()) == stats


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"BULL": 1}', "regime_not_an_object"),
        (b'{"BULL": [1]}', "regime_not_an_object"),
        (b'{"BULL": {"count": "3"}}', "count_not_a_number"),
        (b'{"BULL": {"wins": true}}', "wins_not_a_number"),
        (b'{"BULL": {"avg_confidence": null}}', "avg_confidence_not_a_number"),
        (b'{"BULL": {"win_rate": NaN}}', "number_not_finite"),
        (b"[]", "not_a_json_object"),
    ],
)
def test_bad_regime_stats(raw: bytes, reason: str) -> None:
    assert reason_of(read_regime_stats, raw) == reason


def test_names() -> None:
    assert read_regime_name(b" bull\n") == "BULL"
    assert read_policy(b" balanced ") is Policy.BALANCED
    assert reason_of(read_regime_name, b"\xff") == "regime_not_utf8"
    assert reason_of(read_regime_name, b"x" * 65) == "regime_too_long"
    assert reason_of(read_policy, b"YOLO") == "policy_unrecognised"
    assert reason_of(read_policy, b"\xff") == "policy_unrecognised"
    assert reason_of(read_policy, b"") == "policy_unrecognised"


def test_the_bounds_are_those_that_are_documented() -> None:
    assert (MAX_BYTES, MAX_MAGNITUDE) == (64 * 1024, 1e15)
