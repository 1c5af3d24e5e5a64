"""Reading the JSON values that other modules leave in Redis, with bounds on size, depth and numbers.

The values are shown to people and sent on the wire, so what could not be shown or sent is rejected here:
NaN and infinities, numbers beyond MAX_MAGNITUDE, nesting deeper than the wire bears, text of more than 64 KiB.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import NoReturn

from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError, normalise_name, policy_of
from strategic_memory_server.memory.json_types import JsonObject, JsonValue
from strategic_memory_server.memory.policy import Policy

PairsHook = Callable[[list[tuple[str, JsonValue]]], JsonObject]

MAX_BYTES = 65_536
MAX_DEPTH = 16

_MAX_WHOLE_NUMBER_LENGTH = 20

_REGIME_COUNTS = ("count", "wins", "losses")
_REGIME_NUMBERS = ("total_pnl", "avg_pnl", "win_rate", "avg_volatility", "avg_confidence")


def _refuse_constant(name: str) -> NoReturn:
    raise RejectionError("number_not_finite", name)


def read_whole_number(digits: str) -> int:
    """Read a whole number; Python itself refuses very long ones as if the JSON were malformed."""
    if len(digits) > _MAX_WHOLE_NUMBER_LENGTH:
        raise RejectionError("number_out_of_range", digits)
    return int(digits)


def _check(value: JsonValue, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise RejectionError("nested_too_deep")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, str):
        # A lone surrogate is legal in JSON text and in no encoding.
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise RejectionError("not_utf8", value.encode("ascii", "backslashreplace"))
    elif isinstance(value, int | float) and not abs(value) <= MAX_MAGNITUDE:
        raise RejectionError("number_out_of_range", str(value))


def read_object(raw: bytes, pairs_hook: PairsHook | None = None) -> JsonObject:
    """Read a JSON object whose every part can be shown and sent; each object is made by `pairs_hook`, if given."""
    if len(raw) > MAX_BYTES:
        raise RejectionError("too_large", raw)
    try:
        value = json.loads(
            raw.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=read_whole_number,
            object_pairs_hook=pairs_hook,
        )
    except UnicodeDecodeError:
        raise RejectionError("not_utf8", raw) from None
    except RecursionError:
        raise RejectionError("nested_too_deep", raw) from None
    except ValueError:
        raise RejectionError("not_json", raw) from None
    if not isinstance(value, dict):
        raise RejectionError("not_a_json_object", raw)
    _check(value)
    return value


def read_regime_stats(raw: bytes) -> JsonObject:
    """Read regime statistics: an object of objects whose documented fields are numbers."""
    stats = read_object(raw)
    for figures in stats.values():
        if not isinstance(figures, dict):
            raise RejectionError("regime_not_an_object", raw)
        for field in (*_REGIME_COUNTS, *_REGIME_NUMBERS):
            value = figures.get(field, 0)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise RejectionError(f"{field}_not_a_number", raw)
    return stats


def read_regime_name(raw: bytes) -> str:
    """Read the name of a regime, upper-cased and stripped."""
    try:
        return normalise_name("regime", raw.decode("utf-8-sig")).upper()
    except UnicodeDecodeError:
        raise RejectionError("regime_not_utf8", raw) from None


def read_policy(raw: bytes) -> Policy:
    """Read the name of a policy."""
    policy = policy_of(raw.removeprefix(BOM_UTF8).decode("ascii", "replace"))
    if policy is None:
        raise RejectionError("policy_unrecognised", raw)
    return policy
