"""Stream entries that no producer should write, from seeded randomness, each with the reason it is to be counted under.

Each is wrong in one field and well formed in all others, so that the reason is certain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

REGIMES = "stream:meta.regime"
PORTFOLIO = "stream:portfolio.memory"
TRADES = "stream:trade.results"

Fields = dict[bytes, bytes]

GOOD_FIELDS: dict[str, Fields] = {
    REGIMES: {b"regime": b"BULL", b"pnl": b"9", b"volatility": b"0.1", b"trend": b"0.1", b"confidence": b"1"},
    PORTFOLIO: {
        b"pnl": b"9",
        b"regime": b"BULL",
        b"total_pnl": b"10",
        b"leverage": b"2",
        b"symbol": b"BTCUSDT",
        b"opened_at": b"2025-12-20T06:00:00Z",
    },
    TRADES: {
        b"realized_pnl": b"9",
        b"market_regime": b"BULL",
        b"policy": b"BALANCED",
        b"strategy": b"carry",
        b"opened_at": b"1766200000000",
    },
}
"""Entries that would change the advice if anything of them were used."""

_NUMBER = {REGIMES: "pnl", PORTFOLIO: "pnl", TRADES: "realized_pnl"}
_REQUIRED = {REGIMES: "regime", PORTFOLIO: "pnl", TRADES: "realized_pnl"}
_OPTIONAL_NUMBERS = {
    REGIMES: ("volatility", "trend", "confidence"),
    PORTFOLIO: ("total_pnl", "leverage", "confidence", "volatility", "position_size"),
    TRADES: (),
}
_NAMES = {REGIMES: ("regime",), PORTFOLIO: ("regime",), TRADES: ("market_regime", "policy", "strategy")}

NOT_FINITE = (b"nan", b"NaN", b"NAN", b"-nan", b"inf", b"+inf", b"-Infinity", b"INF", b" infinity ")
OUT_OF_RANGE = (b"1e400", b"-1e400", b"1e16", b"-9.9e15", b"1" + b"0" * 16, b"1e999999999999999999", b"9" * 400)
NOT_NUMBERS = (
    *(b"abc", b"1,5", b"0x10", b"1_000", b"--1", b"1e", b".", b"+", b"e5", b"1e5.5", b"1 2", b"nan1", b"snan", b"1f"),
    *(b"None", b"null", b"true", b"{}", b"[1]", b'"1"', b"$1", b"1%", b"1.2.3", b"\x00", b"1\x002", b"1\x1b[2J"),
    *(text.encode() for text in ("\u0661\u0662", "\uff11", "\u00bd", "1\u00a0", "\u22121", "\u221e", "\U0001d7d9")),
    *(b"\xff\xfe", b"\x80", b"1\xff", b"\xc3\x28", b"\xed\xa0\x80"),
)
NOT_TIMES = (
    *(b"yesterday", b"NaT", b"None", b"2024-13-01", b"2024-01-05T25:00:00Z", b"2024-01-05 10:00 CET"),
    *(b"0001-01-01T00:00:00+05:00x", b"05/01/2024", b"10:00", b"\xff\xfe", b"\x1b[2J", b"2024-01-05\x00"),
)
NOT_UTF8 = (b"\xff\xfe", b"BULL\x80", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80")
NOT_PRINTABLE = (b"\x1b[2J\x1b[31mBULL", b"BU\x00LL", b"BU\nLL", b"a\x07", "BULL\u202eLLUB".encode(), b"\x1b]0;t\x07.")


@dataclass(frozen=True, slots=True)
class MalformedEntry:
    """One entry: the stream it is for, its fields, and the reason to count it under."""

    source: str
    fields: Fields
    reason: str


def malformed_entries(source: str, count: int, seed: int) -> list[MalformedEntry]:
    """Entries for one stream, in which every kind of mistake occurs."""
    random = Random(f"{seed} {source}")
    kinds: list[Callable[[Random, str], MalformedEntry]] = [_bad_number, _missing_field, _bad_name]
    kinds += [_bad_opening] if source != REGIMES else []
    return [kinds[index % len(kinds)](random, source) for index in range(count)]


def bad_number(random: Random) -> tuple[bytes, str]:
    """A number as nobody should write it, and the end of the reason."""
    kind = random.randrange(5)
    if kind == 0:
        return random.choice(NOT_FINITE), "not_finite"
    if kind == 1:
        return random.choice(OUT_OF_RANGE), "out_of_range"
    if kind == 2:
        return bytes([random.randrange(128, 256)]) + random.randbytes(random.randrange(20)), "not_a_number"
    if kind == 3 and random.randrange(10) == 0:
        return b"1" * random.randrange(1_101, 20_000) + random.choice([b"", b"x"]), "too_long"
    return random.choice(NOT_NUMBERS), "not_a_number"


def _bad_number(random: Random, source: str) -> MalformedEntry:
    field = random.choice((_NUMBER[source], *_OPTIONAL_NUMBERS[source]))
    raw, kind = bad_number(random)
    return _with_field(source, field, raw, kind)


def _missing_field(random: Random, source: str) -> MalformedEntry:
    field = _REQUIRED[source]
    if random.randrange(2):
        return _with_field(source, field, random.choice([b"", b" ", b"\t\n"]), "missing")
    fields = {name: value for name, value in GOOD_FIELDS[source].items() if name != field.encode()}
    return MalformedEntry(source, fields | {b"nonsense": random.randbytes(8)}, f"{field}_missing")


def _bad_name(random: Random, source: str) -> MalformedEntry:
    field = random.choice(_NAMES[source])
    if source == REGIMES and random.randrange(5) == 0:
        return _with_field(source, field, random.choice([b"", b"  "]), "missing")
    raw, kind = random.choice(
        [
            (random.choice(NOT_UTF8), "not_utf8"),
            (random.choice(NOT_PRINTABLE), "not_printable"),
            (b"R" * random.randrange(65, 3_000), "too_long"),
        ]
    )
    return _with_field(source, field, raw, kind)


def _bad_opening(random: Random, source: str) -> MalformedEntry:
    raw, kind = random.choice(
        [
            (random.choice(NOT_TIMES), "not_a_time"),
            (random.choice((b"1704447000", b"0", b"-1", b"20240105", b"1989-12-31T23:59:59.999Z")), "out_of_range"),
            (random.choice((b"1704447000000000", b"1e400", b"260000000000000", b"12345")), "out_of_range"),
            (random.choice(NOT_FINITE), "not_finite"),
            (random.choice((b"4102444800000", b"2100-01-01", b"9999-12-31T23:59:59+00:00")), "after_close"),
        ]
    )
    return _with_field(source, "opened_at", raw, kind)


def _with_field(source: str, field: str, raw: bytes, kind: str) -> MalformedEntry:
    return MalformedEntry(source, GOOD_FIELDS[source] | {field.encode(): raw}, f"{field}_{kind}")
