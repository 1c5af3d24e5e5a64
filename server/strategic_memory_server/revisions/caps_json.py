"""The caps on leverage as JSON, and back; part of `feedback_json`, and a field of the log's state."""

from __future__ import annotations

import json

from strategic_memory_server.json_types import JsonValue
from strategic_memory_server.leverage_cap import LeverageCap, LeverageCaps, in_order
from strategic_memory_server.revisions.json_values import read_list, read_number, read_object, read_text
from strategic_memory_server.revisions.log_times import from_iso, read_time_ms, to_iso


def encode_caps(caps: LeverageCaps) -> list[JsonValue]:
    """Write caps."""
    return [{"source": cap.source, "value": cap.value, "since": to_iso(cap.since_ms)} for cap in caps]


def read_caps(value: object) -> LeverageCaps:
    """Inverse of `encode_caps`. ValueError, TypeError or KeyError for anything else."""
    return in_order(_read_cap(read_object(each)) for each in read_list(value))


def caps_text(caps: LeverageCaps) -> str:
    """Write caps as the state of the log holds them."""
    return json.dumps(encode_caps(caps))


def caps_of_text(text: bytes | str) -> LeverageCaps | None:
    """Read what `caps_text` gave; None, not known, for anything else: another version, or somebody else, wrote it."""
    try:
        return read_caps(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _read_cap(document: dict[str, object]) -> LeverageCap:
    value, since = read_number(document["value"]), document["since"]
    if value < 0.0:
        raise ValueError("a cap on leverage is not negative")
    since_ms = None if since is None else from_iso(read_text(since))
    return LeverageCap(read_text(document["source"]), value, None if since_ms is None else read_time_ms(since_ms))
