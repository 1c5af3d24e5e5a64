"""Each kind of bad field gives its documented reason, and good edge values are taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import pytest
from each_case import each_case
from hypothesis import given
from hypothesis import strategies as st
from repeatable import repeatable

from strategic_memory_server.entries.entry_fields import (
    MAX_MAGNITUDE,
    Fields,
    RejectionError,
    normalise_name,
    optional_name,
    optional_number,
    optional_regime,
    parse_number,
    policy_of,
    required_number,
    required_regime,
)
from strategic_memory_server.memory.policy import Policy

ValueT = TypeVar("ValueT")


def reason_of(read: Callable[[], object]) -> str:
    with pytest.raises(RejectionError) as refused:
        read()
    return refused.value.reason


def outcome(read: Callable[[], ValueT]) -> tuple[ValueT | None, str]:
    """The value, or the reason why there is none."""
    try:
        return read(), ""
    except RejectionError as refused:
        return None, refused.reason


@each_case(
    ("raw", "value"),
    [
        (b"0", 0.0),
        (b"+1.5", 1.5),
        (b" 2 ", 2.0),
        (b"\t-3\r\n", -3.0),
        (b".5", 0.5),
        (b"5.", 5.0),
        (b"-.5e1", -5.0),
        (b"1e-300", 1e-300),
        (b"1E+3", 1000.0),
        (b"1e-400", 0.0),
        (b"-0", -0.0),
        (b"007", 7.0),
        (b"1" + b"0" * 15, 1e15),
        (b"-1e15", -1e15),
        (b"0" * 1_099 + b"1", 1.0),
        (b"0." + b"3" * 1_000, 1 / 3),
        (b"np.float64(0.3)", 0.3),
        (b" np.float64(-1e-05)\n", -1e-05),
        (b"np.float32(2.0)", 2.0),
        (b"np.int64(-3)", -3.0),
        (b"np.uint8(7)", 7.0),
        (b"np.longdouble(0.5)", 0.5),
        (b"numpy.float64(0.3)", 0.3),
    ],
)
def test_numbers_as_people_and_programs_write_them(raw: bytes, value: float) -> None:
    read = parse_number("pnl", raw)
    assert read == value
    assert math.copysign(1.0, read) == math.copysign(1.0, value)


@each_case(
    ("raw", "reason"),
    [
        (b"np.float64(nan)", "pnl_not_finite"),
        (b"np.float64(-inf)", "pnl_not_finite"),
        (b"np.float64(1e400)", "pnl_out_of_range"),
        (b"np.float64()", "pnl_not_a_number"),
        (b"np.float64('0.3')", "pnl_not_a_number"),
        (b"np.float64(np.float64(0.3))", "pnl_not_a_number"),
        (b"np.float64(0.3", "pnl_not_a_number"),
        (b"np.complex128(1+0j)", "pnl_not_a_number"),
        (b"array([0.3])", "pnl_not_a_number"),
        (b"nan", "pnl_not_finite"),
        (b"NaN", "pnl_not_finite"),
        (b"-nan", "pnl_not_finite"),
        (b"inf", "pnl_not_finite"),
        (b"+Infinity", "pnl_not_finite"),
        (b" -INF ", "pnl_not_finite"),
        (b"1e400", "pnl_out_of_range"),
        (b"-1e400", "pnl_out_of_range"),
        (b"1e300", "pnl_out_of_range"),
        (b"1000000000000001", "pnl_out_of_range"),
        (b"-1.0000000000000002e15", "pnl_out_of_range"),
        (b"9" * 1_000, "pnl_out_of_range"),
        (b"1" * 1_101, "pnl_too_long"),
        (b"0." + b"3" * 2**20, "pnl_too_long"),
        (b"1e" + b"9" * 1_000, "pnl_out_of_range"),
        (b"loss", "pnl_not_a_number"),
        (b"1,5", "pnl_not_a_number"),
        (b"1_000", "pnl_not_a_number"),
        (b"0x1F", "pnl_not_a_number"),
        (b"0x1p3", "pnl_not_a_number"),
        (b"1 2", "pnl_not_a_number"),
        (b"--1", "pnl_not_a_number"),
        (b"+", "pnl_not_a_number"),
        (b".", "pnl_not_a_number"),
        (b"e5", "pnl_not_a_number"),
        (b"1e", "pnl_not_a_number"),
        (b"$5", "pnl_not_a_number"),
        (b"5%", "pnl_not_a_number"),
        (b"true", "pnl_not_a_number"),
        (b"1\x00", "pnl_not_a_number"),
        ("\u0663".encode(), "pnl_not_a_number"),
        ("\uff11".encode(), "pnl_not_a_number"),
        ("\u22121".encode(), "pnl_not_a_number"),
        (b"\xff\xfe", "pnl_not_a_number"),
        (b"1.5\xa0", "pnl_not_a_number"),
    ],
)
def test_what_is_not_a_number_says_why(raw: bytes, reason: str) -> None:
    assert reason_of(lambda: parse_number("pnl", raw)) == reason
    assert reason_of(lambda: required_number({b"pnl": raw}, "pnl")) == reason
    assert reason_of(lambda: optional_number({b"pnl": raw}, "pnl")) == reason


@given(st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE))
@repeatable(300)
def test_every_number_in_range_is_read_to_the_last_bit(value: float) -> None:
    assert parse_number("pnl", repr(value).encode()) == value


@given(st.binary(max_size=40) | st.text("0123456789+-.eE_ naif", max_size=12).map(str.encode))
@repeatable(1_000)
def test_no_text_gives_anything_but_a_finite_number_or_a_reason(raw: bytes) -> None:
    value, reason = outcome(lambda: parse_number("pnl", raw))
    # Hypothesis tries literals of the code as well, the mark of a field that is given twice among them.
    assert reason in {"", "pnl_not_a_number", "pnl_not_finite", "pnl_out_of_range", "pnl_given_twice"}
    assert math.isfinite(value or 0.0)
    assert abs(value or 0.0) <= MAX_MAGNITUDE


@pytest.mark.parametrize("fields", [{}, {b"pnl": b""}, {b"pnl": b"  \t"}, {b"PNL": b"1"}])
def test_a_number_that_is_not_there(fields: Fields) -> None:
    assert reason_of(lambda: required_number(fields, "pnl")) == "pnl_missing"
    assert math.isnan(optional_number(fields, "pnl"))


@each_case(
    ("raw", "name"),
    [
        (b" bull ", "BULL"),
        (b"Bull\n", "BULL"),
        (b"\t", ""),
        (b"", ""),
        ("\u00a0été\u2003".encode(), "ÉTÉ"),
        ("日本".encode(), "日本"),
        (b"x" * 64, "X" * 64),
        (b" " * 1_000 + b"x", "X"),
        (b"low volatility", "LOW VOLATILITY"),
    ],
)
def test_regime_names_are_stripped_and_upper_cased(raw: bytes, name: str) -> None:
    assert optional_regime({b"regime": raw}, "regime") == name


@each_case(
    ("raw", "reason"),
    [
        (b"\xff", "regime_not_utf8"),
        (b"bull\xe9", "regime_not_utf8"),
        (b"\xed\xa0\x80", "regime_not_utf8"),
        (b"x" * 65, "regime_too_long"),
        (b"x" * 1_000_000, "regime_too_long"),
        (b"bu\x00ll", "regime_not_printable"),
        (b"bu\nll", "regime_not_printable"),
        (b"\x1b[31mbull", "regime_not_printable"),
        ("bull\u202e".encode(), "regime_not_printable"),
        ("bu\u200bll".encode(), "regime_not_printable"),
    ],
)
def test_names_that_cannot_be_shown_say_why(raw: bytes, reason: str) -> None:
    assert reason_of(lambda: optional_regime({b"regime": raw}, "regime")) == reason
    assert reason_of(lambda: required_regime({b"regime": raw}, "regime")) == reason


@pytest.mark.parametrize("fields", [{}, {b"regime": b""}, {b"regime": b" "}])
def test_a_regime_that_is_not_there(fields: Fields) -> None:
    assert reason_of(lambda: required_regime(fields, "regime")) == "regime_missing"
    assert optional_regime(fields, "regime") == ""
    assert optional_name(fields, "regime") == ""


@given(st.binary(max_size=200))
@repeatable(500)
def test_a_name_that_is_taken_can_be_shown_and_is_bounded(raw: bytes) -> None:
    try:
        name = optional_regime({b"regime": raw}, "regime")
    except RejectionError:
        return
    assert name.isprintable()
    assert len(name) <= 64 or len(raw.decode()) <= 64
    assert name == name.strip() == name.upper()


def test_strategy_names_keep_their_case() -> None:
    assert optional_name({b"strategy": b" Mean Reversion "}, "strategy") == "Mean Reversion"
    assert normalise_name("strategy", "Carry") == "Carry"


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("BALANCED", Policy.BALANCED),
        (" aggressive\n", Policy.AGGRESSIVE),
        ("Conservative", Policy.CONSERVATIVE),
        ("", None),
        ("RECKLESS", None),
        ("1", None),
        ("__class__", None),
    ],
)
def test_policy_names(name: str, policy: Policy | None) -> None:
    assert policy_of(name) is policy


def test_an_excerpt_is_short_printable_ascii_and_apart_from_the_reason() -> None:
    refused = RejectionError("pnl_not_a_number", b"\xff\x00'\"" + b"x" * 1_000)
    assert refused.excerpt.startswith("\\xff\\x00")
    assert refused.reason == str(refused) == "pnl_not_a_number"
    for excerpt in (refused.excerpt, RejectionError("regime_too_long", "\x1b\u202eé" * 1_000).excerpt):
        assert len(excerpt) <= 6 * 80
        assert excerpt.isascii()
        assert excerpt.isprintable()


@each_case(
    ("raw", "name"),
    [
        (b"np.str_('bull')", "BULL"),
        (b'np.str_("bull")', "BULL"),
        (b"numpy.str_('RANGE')", "RANGE"),
        (b"np.str_('')", ""),
        (b"np.float64(2.0)", "2.0"),
        (b"np.float64(nan)", "NAN"),
        (b"np.str_('it\\'s')", "NP.STR_('IT\\'S')"),
        (b"np.str_(BULL)", "NP.STR_(BULL)"),
        (b"np.strange", "NP.STRANGE"),
    ],
)
def test_names_as_numpy_writes_them(raw: bytes, name: str) -> None:
    assert optional_regime({b"regime": raw}, "regime") == name


@each_case(
    ("fields", "excerpt"),
    [
        ({b"data": b'{"pnl": 0.3, "regime": "BULL"}'}, 'data={"pnl": 0.3, "regime": "BULL"}'),
        ({b"a": b"1", b"payload": b' {"pnl": 0.3}'}, 'payload= {"pnl": 0.3}'),
        ({b"data": b'{"pnl": "' + b"s" * 500 + b'"}'}, 'data={"pnl": "' + "s" * 66),
        ({b"data": b'[{"pnl" : 0.3}]'}, 'data=[{"pnl" : 0.3}]'),
        ({b"data": b"{'pnl': 0.3, 'regime': 'BULL'}"}, "data={'pnl': 0.3, 'regime': 'BULL'}"),
        ({b"data": rb'"{\"pnl\": 0.3}"'}, r'data="{\\"pnl\\": 0.3}"'),
    ],
)
def test_fields_inside_json_are_named_as_such(fields: Fields, excerpt: str) -> None:
    with pytest.raises(RejectionError) as refused:
        required_number(fields, "pnl")
    assert (refused.value.reason, refused.value.excerpt) == ("json_in_one_field", excerpt)


def test_json_beside_a_field_that_is_missing_is_not_blamed() -> None:
    assert reason_of(lambda: required_number({b"meta": b'{"source": "bot"}'}, "pnl")) == "pnl_missing"
    assert reason_of(lambda: required_regime({b"data": b'["regime"]'}, "regime")) == "regime_missing"
