"""Values of the six keys that are no stream, as nobody should write them, each with the reason to count it under."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from malformed_entries import NOT_PRINTABLE, NOT_UTF8

POLICY = "governance:policy"
PREFERRED_REGIME = "governance:preferred_regime"
REGIME_STATS = "governance:regime_stats"
EXPOSURE = "exposure:summary"
LEVERAGE = "risk:leverage_limits"
EXITS = "exit:statistics"

JSON_SOURCES = (REGIME_STATS, EXPOSURE, LEVERAGE, EXITS)
VALUE_SOURCES = (POLICY, PREFERRED_REGIME, *JSON_SOURCES)


@dataclass(frozen=True, slots=True)
class MalformedValue:
    """One value: the key it is for (without the prefix), its bytes, and the reason to count it under."""

    source: str
    raw: bytes
    reason: str


def malformed_values(count: int, seed: int) -> list[MalformedValue]:
    """Values for all six keys in turn, in which every kind of mistake occurs."""
    random = Random(seed)
    return [_value(random, VALUE_SOURCES[index % len(VALUE_SOURCES)]) for index in range(count)]


def _value(random: Random, source: str) -> MalformedValue:
    if source == POLICY:
        raw = random.choice([b"REDUCE", b"AGGRESSIVE!", b"0", b"\xff", b" ", b"x" * 100_000, random.randbytes(9)])
        return MalformedValue(source, raw, "policy_unrecognised")
    if source == PREFERRED_REGIME:
        return MalformedValue(source, *random.choice([*_bad_regime_names()]))
    of_this_key = {REGIME_STATS: _bad_regime_stats, LEVERAGE: _bad_leverage}.get(source)
    if of_this_key and random.randrange(2):
        return MalformedValue(source, *of_this_key(random))
    return MalformedValue(source, *_bad_json(random))


def _bad_regime_names() -> list[tuple[bytes, str]]:
    return [
        *((raw, "regime_not_utf8") for raw in NOT_UTF8),
        *((raw, "regime_not_printable") for raw in NOT_PRINTABLE),
        (b"R" * 65, "regime_too_long"),
        (b"R" * 200_000, "regime_too_long"),
    ]


def _bad_json(random: Random) -> tuple[bytes, str]:
    good = json.dumps(_document(random, 3)).encode()
    return random.choice(
        [
            (good[: random.randrange(1, len(good))], "not_json"),
            (good + b"\x00", "not_json"),
            (2 * b"\xef\xbb\xbf" + good, "not_json"),
            (random.choice([b"[1, 2]", b"null", b"true", b'"text"', b"-1.5"]), "not_a_json_object"),
            (b'{"a": ' + random.choice([b"NaN", b"Infinity", b"-Infinity"]) + b"}", "number_not_finite"),
            (b'{"a": [[{"b": NaN}]]}', "number_not_finite"),
            (b'{"a": ' + random.choice([b"1e400", b"-1e400", b"1e16", b"9" * 400, b"9" * 5_000]) + b"}", _TOO_BIG),
            (_nested(random.choice([17, 100, 5_000])), "nested_too_deep"),
            (_nested(100_000), "too_large"),
            (b'{"a": "' + b"x" * random.randrange(65_536, 300_000) + b'"}', "too_large"),
            (b'{"a": "\\ud800"}', "not_utf8"),
            (b'{"\\udfff": 1}', "not_utf8"),
            (good.decode().encode("utf-16"), "not_utf8"),
            (b'{"a": "\xff"}', "not_utf8"),
        ]
    )


_TOO_BIG = "number_out_of_range"


def _nested(levels: int) -> bytes:
    return b'{"a": ' + b"[" * levels + b"]" * levels + b"}"


def _bad_regime_stats(random: Random) -> tuple[bytes, str]:
    field = random.choice(("count", "wins", "losses", "total_pnl", "avg_pnl", "win_rate", "avg_confidence"))
    figures = {"count": 3, "total_pnl": 0.5, field: random.choice(["3", None, True, [1], {"a": 1}])}
    wrong: object = random.choice([1, "BULL", [], None])
    return random.choice(
        [
            (json.dumps({"BULL": figures}).encode(), f"{field}_not_a_number"),
            (json.dumps({"BULL": wrong}).encode(), "regime_not_an_object"),
        ]
    )


def _bad_leverage(random: Random) -> tuple[bytes, str]:
    cap, reason = random.choice(
        [
            (-1, "negative"),
            ("-0.5", "negative"),
            (True, "not_a_number"),
            ([2], "not_a_number"),
            ({"x": 2}, "not_a_number"),
            ("two", "not_a_number"),
            ("٢", "not_a_number"),
            ("nan", "not_finite"),
            ("-inf", "not_finite"),
            ("1e400", "out_of_range"),
            ("1" * 2_000, "too_long"),
        ]
    )
    return json.dumps({"max_leverage_hint": cap}).encode(), f"max_leverage_hint_{reason}"


def _document(random: Random, depth: int) -> dict[str, object]:
    return {
        f"k{index}": _document(random, depth - 1) if depth and random.randrange(2) else random.random()
        for index in range(random.randrange(1, 4))
    }
