"""The caps on leverage as JSON, and back: a field of a feedback, of the log's state and of the health report."""

from __future__ import annotations

import json

from strategic_memory_server.memory.json_types import JsonValue
from strategic_memory_server.memory.leverage_cap import LeverageCaps, in_order
from strategic_memory_server.revisions.json_shapes import JsonShape

_CAPS: JsonShape[LeverageCaps] = JsonShape(LeverageCaps)


def encode_caps(caps: LeverageCaps) -> JsonValue:
    """Write caps."""
    return _CAPS.write(caps)


def checked_caps(caps: LeverageCaps) -> LeverageCaps:
    """Put caps that were read in order; ValueError for a negative one."""
    if any(cap.value < 0.0 for cap in caps):
        raise ValueError("leverage_caps: a cap on leverage is not negative")
    return in_order(caps)


def caps_text(caps: LeverageCaps) -> str:
    """Write caps as the state of the log holds them."""
    return json.dumps(encode_caps(caps))


def caps_of_text(text: bytes | str) -> LeverageCaps | None:
    """Read what `caps_text` gave; None, not known, for anything else: another version, or somebody else, wrote it."""
    try:
        return checked_caps(_CAPS.read(text))
    except ValueError:
        return None
