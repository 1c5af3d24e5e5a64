"""Caps on leverage: what their two inputs can hold, which cap is in force then, and what is told of it."""

from __future__ import annotations

import codecs
import difflib
import json

import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import NoPermissionError, ResponseError
from repeatable import repeatable
from structlog.testing import capture_logs

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.cap_problems import report_caps, unreadable_sources
from strategic_memory_server.inputs.json_inputs import MAX_BYTES
from strategic_memory_server.inputs.leverage_caps import (
    CAP_SOURCES,
    NO_KEY,
    CapReading,
    HeldCaps,
    read_cap,
)
from strategic_memory_server.memory.leverage_cap import LeverageCap, by_source

EXPOSURE, LIMITS = CAP_SOURCES
NOW_MS = 1_700_000_000_000


Known = tuple[tuple[float, int], ...]
"""Caps with the time since when they are in force."""

UNREADABLE: dict[str, tuple[bytes | Exception, str]] = {
    "nothing at all": (b"", "not_json"),
    "broken": (b'{"max_leverage_hint": 1.2, "used": ', "not_json"),
    "text": (b"nothing but text", "not_json"),
    "list": (b'[{"max_leverage_hint": 1.9}]', "not_a_json_object"),
    "scalar": (b"1.9", "not_a_json_object"),
    "quoted": (b'"{\\"max_leverage_hint\\": 1.9}"', "not_a_json_object"),
    "null": (b"null", "not_a_json_object"),
    "true": (b'{"max_leverage_hint": true}', "max_leverage_hint_not_a_number"),
    "field null": (b'{"max_leverage_hint": null}', "max_leverage_hint_not_a_number"),
    "field list": (b'{"max_leverage_hint": [1.9]}', "max_leverage_hint_not_a_number"),
    "field object": (b'{"max_leverage_hint": {"value": 1.9}}', "max_leverage_hint_not_a_number"),
    "word": (b'{"max_leverage_hint": "low"}', "max_leverage_hint_not_a_number"),
    "percent": (b'{"max_leverage_hint": "50%"}', "max_leverage_hint_not_a_number"),
    "empty": (b'{"max_leverage_hint": ""}', "max_leverage_hint_not_a_number"),
    "nan text": (b'{"max_leverage_hint": "nan"}', "max_leverage_hint_not_finite"),
    "too large text": (b'{"max_leverage_hint": "1e400"}', "max_leverage_hint_out_of_range"),
    "negative": (b'{"max_leverage_hint": -0.5}', "max_leverage_hint_negative"),
    "negative text": (b'{"max_leverage_hint": "-1"}', "max_leverage_hint_negative"),
    "NaN": (b'{"max_leverage_hint": NaN}', "number_not_finite"),
    "Infinity": (b'{"max_leverage_hint": Infinity}', "number_not_finite"),
    "out of range": (b'{"max_leverage_hint": 1e400}', "number_out_of_range"),
    "beside NaN": (b'{"max_leverage_hint": 1.9, "used": NaN}', "number_not_finite"),
    "beside too much": (b'{"max_leverage_hint": 1.9, "used": 1e400}', "number_out_of_range"),
    "beside an amount in wei": (b'{"max_leverage_hint": 1.9, "used": 123456789012345678901234}', "number_out_of_range"),
    "beside a line break": (b'{"max_leverage_hint": 1.9, "note": "until\nMonday"}', "not_json"),
    "beside bytes": (b'{"max_leverage_hint": 1.9, "desk": "\xff"}', "not_utf8"),
    "not UTF-8": ('{"max_leverage_hint": 1.9}'.encode("utf-16"), "not_utf8"),
    "twice": (b'{"max_leverage_hint": 1.9, "max_leverage_hint": 1.8}', "max_leverage_hint_given_twice"),
    "twice, escaped": (b'{"max_leverage_hint": 1.9, "max_leverage\\u005fhint": 1.8}', "max_leverage_hint_given_twice"),
    "nested": (b'{"max_leverage_hint": 1.9, "a": ' + b"[" * 20 + b"]" * 20 + b"}", "nested_too_deep"),
    "nested far": (b'{"max_leverage_hint": 1.9, "a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested_too_deep"),
    "too large": (b'{"max_leverage_hint": 1.9, "a": "' + b"x" * MAX_BYTES, "too_large"),
    "wrong type": (ResponseError("WRONGTYPE Operation against a key"), "wrong_type"),
    "not permitted": (NoPermissionError("no permissions to access a key"), "no_permission"),
}
"""What holds no cap that can be trusted, and why not; where a number can be made out in it, it is above 1.7."""


def held(value: float | None = None, source: str = LIMITS) -> HeldCaps:
    return HeldCaps(lambda: NOW_MS, () if value is None else (LeverageCap(source, value, 1),), reported_ms=10_000)


@each_case(
    ("raw", "cap", "nearest"),
    [
        (b"{}", None, ""),
        (b'{"max_leverage_hint": 1.25, "per_symbol": {"BTC": 2, "max_leverage_hint": 9}}', 1.25, ""),
        (b'{"max_leverage_hint": 2}', 2.0, ""),
        (b'{"max_leverage_hint": 0}', 0.0, ""),
        (b'{"max_leverage_hint": -0.0}', 0.0, ""),
        (b'{"max_leverage_hint": " 0.5 "}', 0.5, ""),
        (b'{"MAX_LEVERAGE_HINT": 1}', None, "MAX_LEVERAGE_HINT"),
        (b'{"drawdown": 0.1, "maxLeverageHint": 1}', None, "maxLeverageHint"),
        (b'{"max_leverage_hnit": 1, "max_leverage": 2}', None, "max_leverage_hnit"),
        (b'{"gross_leverage": 1, "per_symbol": {"leverage": 1, "maximum": 2}}', None, ""),
        (b'{"limits": {"max_leverage_hint": 1}}', None, "limits.max_leverage_hint"),
        (b'{"max_leverage_hint ": 1}', None, "max_leverage_hint "),
        (b'{"Max_Leverage_Hint": 1}', None, "Max_Leverage_Hint"),
        (b'{"max_leverage": 1}', None, "max_leverage"),
        (b'{"leverage_cap": 1, "leverage": 3}', None, "leverage_cap"),
        (b'{"levLimit": 1}', None, "levLimit"),
        (b'{"limits": [1, {"max_leverage_hint": 1}]}', None, "limits[1].max_leverage_hint"),
    ],
)
def test_a_cap_is_a_number_from_0_up(raw: bytes, cap: float | None, nearest: str) -> None:
    for source in CAP_SOURCES:
        assert read_cap(source, raw, 1) == CapReading(cap, None, json.loads(raw), nearest)


def test_a_byte_order_mark_is_read_past() -> None:
    for raw, cap in ((b'{"max_leverage_hint": 0.2}', 0.2), (b'{"max_leverage_hint": 0.3, "x": NaN}', 0.3)):
        assert read_cap(LIMITS, codecs.BOM_UTF8 + raw, 1).value == cap
    assert read_cap(LIMITS, codecs.BOM_UTF8 + b'{"max_leverage_hint": 0.2}', 1).rejected is None


def test_a_misspelt_cap_is_a_problem_though_none_was_ever_in_force() -> None:
    problems, caps = Problems(), held()
    caps.take({LIMITS: read_cap(LIMITS, b'{"limits": {"max_leverage_hint": 0.2}}', 1), EXPOSURE: NO_KEY})
    report_caps(problems, caps)
    assert list(problems.standing) == ["leverage_limits_cap_misspelt"]
    assert "'limits.max_leverage_hint'" in problems.standing["leverage_limits_cap_misspelt"]
    for mended in (b'{"max_leverage_hint": 0.2}', b"{}"):
        caps.take({LIMITS: read_cap(LIMITS, mended, 1), EXPOSURE: NO_KEY})
        report_caps(problems, caps)
        assert "leverage_limits_cap_misspelt" not in problems.standing


def test_a_key_that_is_not_there_holds_none() -> None:
    assert read_cap(LIMITS, b"", 0) == NO_KEY


@each_case("source", CAP_SOURCES)
@each_case("fault", UNREADABLE)
def test_no_fault_of_a_producer_lifts_a_cap(fault: str, source: str) -> None:
    reply, reason = UNREADABLE[fault]
    reading = read_cap(source, reply, 1)
    assert reading.rejected is not None
    assert (reading.rejected.source, reading.rejected.reason, reading.document) == (source, reason, None)
    for cap in (0.0, 0.3, 1.7):
        caps = held(cap, source)
        assert caps.take({source: reading}) == (LeverageCap(source, cap, 1),)
        assert not caps.lifted


@given(
    st.binary(max_size=60)
    | st.text('{}[]",:0123456789eE-+.truefalsn\\u max_leverage_hint', max_size=60).map(str.encode)
)
@repeatable(1_000)
def test_whatever_is_written_a_cap_is_a_finite_number_or_holds(raw: bytes) -> None:
    caps = held(0.3)
    for cap in caps.take({LIMITS: read_cap(LIMITS, raw, 1)}):
        assert 0.0 <= cap.value <= 1e15


def test_what_can_be_made_out_in_a_rejected_input_may_lower_a_cap_and_never_raise_one() -> None:
    for beside in (b"NaN", b"9" * 24, b"9" * 5_000, b'"a\nb"'):
        raw = b'{"max_leverage_hint": 0.9, "used": %b}' % beside
        assert by_source(held(1.5).take({LIMITS: read_cap(LIMITS, raw, 1)})) == {LIMITS: 0.9}
        assert by_source(held(0.3).take({LIMITS: read_cap(LIMITS, raw, 1)})) == {LIMITS: 0.3}
        assert by_source(held().take({LIMITS: read_cap(LIMITS, raw, 1)})) == {LIMITS: 0.9}
    twice = b'{"max_leverage_hint": 2.0, "max_leverage_hint": 0.9, "max_leverage_hint": null}'
    assert by_source(held().take({LIMITS: read_cap(LIMITS, twice, 1)})) == {LIMITS: 0.9}
    for nothing in (b'{"max_leverage_hint": -1, "used": NaN}', b'[{"max_leverage_hint": 0.9}, NaN]', b"x"):
        assert held().take({LIMITS: read_cap(LIMITS, nothing, 1)}) == ()


def test_a_cap_is_in_force_since_its_value_was_first_read() -> None:
    clock = [NOW_MS]
    caps = HeldCaps(lambda: clock[0])
    for value, raw in ((0.5, b'{"max_leverage_hint": 0.5}'), (0.5, b'{"max_leverage_hint": "0.50"}'), (0.5, b"broken")):
        assert caps.take({LIMITS: read_cap(LIMITS, raw, 1)}) == (LeverageCap(LIMITS, value, NOW_MS),)
        clock[0] += 1_000
    assert caps.take({LIMITS: read_cap(LIMITS, b'{"max_leverage_hint": 0.4}', 1)})[0].since_ms == NOW_MS + 3_000


def test_the_caps_of_two_inputs_do_not_touch_each_other() -> None:
    caps = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 0.3), LeverageCap(EXPOSURE, 0.9)))
    assert by_source(caps.take({EXPOSURE: read_cap(EXPOSURE, b"broken", 1), LIMITS: NO_KEY})) == {EXPOSURE: 0.9}
    now = caps.take({LIMITS: read_cap(LIMITS, b'{"max_leverage_hint": 1}', 1)})
    assert [cap.source for cap in now] == [EXPOSURE, LIMITS], "the lowest comes first"


@each_case(
    ("own", "other", "known"),
    [
        ((), ((0.3, 5),), (0.3, 5)),
        (((0.3, 5),), (), (0.3, 5)),
        (((0.3, 5),), ((0.9, 6),), (0.9, 6)),
        (((0.3, 6),), ((0.9, 5),), (0.3, 6)),
        (((0.9, 5),), ((0.3, 5),), (0.3, 5)),
        (((0.3, 6),), ((0.3, 5),), (0.3, 5)),
        (((0.3, 5),), ((0.3, 6),), (0.3, 5)),
    ],
)
def test_of_what_two_servers_know_the_later_holds(own: Known, other: Known, known: tuple[float, int]) -> None:
    caps = HeldCaps(lambda: NOW_MS, tuple(LeverageCap(LIMITS, *each) for each in own))
    caps.learn(tuple(LeverageCap(LIMITS, *each) for each in other))
    assert caps.caps == (LeverageCap(LIMITS, *known),)


def test_what_was_read_before_the_clock_was_set_back_is_older_than_what_was_read_since() -> None:
    """A server stands by that read 0.5; the leader reads 0.3 after the clock was set back by an hour, and is killed."""
    later_ms = NOW_MS + 3_600_000
    caps = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 0.5, later_ms),))
    caps.learn((LeverageCap(LIMITS, 0.3, NOW_MS - 5_000),))
    assert by_source(caps.take({LIMITS: read_cap(LIMITS, b"broken", 1)})) == {LIMITS: 0.3}
    raised = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 0.3, later_ms),))
    raised.learn((LeverageCap(LIMITS, 0.5, NOW_MS + 30_000),))
    assert by_source(raised.caps) == {LIMITS: 0.3}, "which of the two was read first nobody knows"
    apart = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 0.3, NOW_MS),))
    apart.learn((LeverageCap(LIMITS, 0.5, NOW_MS + 30_000),))
    assert by_source(apart.caps) == {LIMITS: 0.5}, "the clocks of two servers differ a little"
    both = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 0.5, later_ms + 1),))
    both.learn((LeverageCap(LIMITS, 0.3, later_ms),))
    assert by_source(both.caps) == {LIMITS: 0.3}, "where nobody knows which is the later one, the lower one holds"
    long_ago = HeldCaps(lambda: NOW_MS, (LeverageCap(LIMITS, 1.0, NOW_MS - 3_600_000),))
    long_ago.learn((LeverageCap(LIMITS, 0.3, NOW_MS + 600_000),))
    assert by_source(long_ago.caps) == {LIMITS: 0.3}, "nor of one that was read long before the clock was set back"


@each_case(
    ("reading", "how"),
    [
        (NO_KEY, "the key is not there any more"),
        (read_cap(LIMITS, b'{"drawdown": 0.1}', 1), "the object has no max_leverage_hint any more"),
        (
            read_cap(LIMITS, b'{"max_leverage_hnit": 0.3}', 1),
            "the object has no max_leverage_hint, but 'max_leverage_hnit': is that misspelt?",
        ),
    ],
)
def test_a_cap_that_is_lifted_is_told_for_a_while(reading: CapReading, how: str) -> None:
    clock = [NOW_MS]
    caps = HeldCaps(lambda: clock[0], (LeverageCap(LIMITS, 0.3, 1),), reported_ms=10_000)
    problems = Problems(lambda: clock[0] / 1000)
    with capture_logs() as logged:
        for _ in range(12):
            assert caps.take({LIMITS: reading}) == ()
            report_caps(problems, caps)
            if clock[0] == NOW_MS + 9_000:
                said = f"the cap max_leverage_hint = 0.3 of {LIMITS} is lifted, since {how}; write it again if"
                assert problems.standing == {"leverage_limits_cap_lifted": f"{said} it is to hold"}
            clock[0] += 1_000
    # A cap that is written in another way than one that counts is told for as long as it stands there.
    remains = ["leverage_limits_cap_misspelt"] if reading.nearest else []
    assert list(problems.standing) == remains
    assert [line["event"] for line in logged] == ["Problem"] * (1 + len(remains))


def test_a_cap_that_is_set_again_is_not_told_of_any_more_and_one_that_holds_unread_is() -> None:
    caps, problems = held(0.3, EXPOSURE), Problems()
    caps.take({EXPOSURE: NO_KEY})
    report_caps(problems, caps)
    assert list(problems.standing) == ["exposure_cap_lifted"]
    caps.take({EXPOSURE: read_cap(EXPOSURE, b'{"max_leverage_hint": 0.2}', 1)})
    report_caps(problems, caps)
    assert problems.standing == {}
    assert unreadable_sources(caps) == set()
    caps.take({EXPOSURE: read_cap(EXPOSURE, b"broken", 1)})
    assert unreadable_sources(caps) == {EXPOSURE}, "where it is told it is told once"
    report_caps(problems, caps)
    assert problems.standing == {
        "exposure_cap_unreadable": "exposure:summary cannot be read (not_json), so its cap of 0.2 holds; "
        "mend the value, or delete the key to lift the cap"
    }
    caps.take({EXPOSURE: read_cap(EXPOSURE, NoPermissionError("no permissions"), 1)})
    report_caps(problems, caps)
    assert "permit the user of REDIS_URL" in problems.standing["exposure_cap_unreadable"], "the value is none to mend"


def test_a_cap_that_is_raised_above_every_leverage_is_told_as_one_that_is_lifted() -> None:
    """50 is half, written as a percentage; 1e15 is what a program writes that has no limit."""
    clock = [NOW_MS]
    caps = HeldCaps(lambda: clock[0], (LeverageCap(LIMITS, 0.5, 1),), reported_ms=10_000)
    problems = Problems(lambda: clock[0] / 1000)

    def told(raw: bytes | None, after_s: float = 1.0) -> dict[str, str]:
        clock[0] += round(after_s * 1000)
        caps.take({LIMITS: NO_KEY if raw is None else read_cap(LIMITS, raw, 1)})
        report_caps(problems, caps)
        return dict(problems.standing)

    for highest in (b"1.9", b"2.0", b"1.9"):
        assert told(b'{"max_leverage_hint": %b}' % highest) == {}
    raised = {
        "leverage_limits_cap_lifted": f"the cap max_leverage_hint = 1.9 of {LIMITS} is lifted, since it is 50 now, "
        "above every leverage that is advised (2 at most); write it again if it is to hold"
    }
    assert told(b'{"max_leverage_hint": 50}') == raised
    assert told(b'{"max_leverage_hint": 1e15}') == raised
    assert by_source(caps.caps) == {LIMITS: 1e15}
    assert told(b'{"max_leverage_hint": 0.5}') == {}
    assert told(b'{"max_leverage_hint": "50"}').keys() == raised.keys()
    assert told(b'{"max_leverage_hint": "50"}', 11.0) == {}, "it is told for a while"
    assert "the key is not there any more" in told(None)["leverage_limits_cap_lifted"]
    assert told(b'{"max_leverage_hint": 50}') == {}


def test_a_large_object_without_a_cap_is_looked_through_at_little_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read on the event loop, once a second where it changes: nobody waits for thousands of comparisons."""
    compared: list[float] = []
    ratio = difflib.SequenceMatcher.ratio

    def counted(matcher: difflib.SequenceMatcher[str]) -> float:
        compared.append(ratio(matcher))
        return compared[-1]

    monkeypatch.setattr(difflib.SequenceMatcher, "ratio", counted)
    position = {"quantity": 1, "leverage": 2, "side": "LONG", "x" * 50: 1}
    for document in (
        {f"S{number}": position for number in range(600)} | {"n" * 20_000: 1},
        {f"SYM{number}": number for number in range(3_000)},
    ):
        assert read_cap(EXPOSURE, json.dumps(document).encode(), 1).nearest == ""
    assert len(compared) <= 8
