"""What the drawdown guard goes on from as text, a field of the state of the log: read exactly, or not at all."""

from __future__ import annotations

import json
import re

import structlog

from strategic_memory_server.advice.drawdown_guard import KEPT, LOWEST, GuardReading, GuardState
from strategic_memory_server.memory.json_types import JsonValue
from strategic_memory_server.revisions.json_shapes import JsonShape

CARRIED_VERSION = 1
"""Of the text in an export; grows when an older version could no longer go on from it."""

# Versions before did not write down what was counted.
_SHAPE, _READING = JsonShape(GuardState, {GuardState: ("counted",)}), JsonShape(GuardReading)
_CARRIED = re.compile(rb"(\d{1,9}) (.+)", re.DOTALL)
_SHOWN = 100

logger = structlog.get_logger(__name__)


def encode_guard(reading: GuardReading | None) -> JsonValue:
    """Write how the guard stands."""
    return None if reading is None else _READING.write(reading)


def guard_text(state: GuardState | None) -> str:
    """Write a state; empty: the guard is off."""
    return "" if state is None else json.dumps(_SHAPE.write(state), separators=(",", ":"), allow_nan=False)


def guard_of_text(text: bytes) -> GuardState:
    """Read what `guard_text` gave; for anything else, which is logged, the guard begins afresh."""
    if not text:
        return GuardState()
    try:
        return exact_guard(text)
    except ValueError as error:
        logger.warning(
            "What the drawdown guard goes on from cannot be read; it begins afresh", error=str(error)[:_SHOWN]
        )
        return GuardState()


def exact_guard(text: bytes) -> GuardState:
    """Read what `guard_text` gave for a state. ValueError for anything else."""
    state = _SHAPE.read(text)
    if (wrong := _outside(state)) is not None:
        raise ValueError(wrong)
    return state


def carried_guard(text: bytes) -> bytes | None:
    """Write what an export carries: the version, then the text of the state.

    None where there is no state, or one that cannot be read: the guard begins afresh then, wherever it is.
    """
    return None if guard_of_text(text) == GuardState() else b"%d %b" % (CARRIED_VERSION, text)


def guard_of_carried(carried: bytes) -> bytes:
    """Return the text of the state that an export carries. ValueError where it is none, or of a later version."""
    found = _CARRIED.fullmatch(carried)
    if found is None:
        raise ValueError("it is no state of a guard")
    if int(found[1]) > CARRIED_VERSION:
        raise ValueError(f"it is of version {int(found[1])}, and this service reads up to {CARRIED_VERSION}")
    exact_guard(found[2])
    return found[2]


def _outside(state: GuardState) -> str | None:
    sums = state.squares, state.largest, state.weight, state.recent, state.recent_largest
    if not LOWEST <= state.factor <= 1.0:
        return f"factor is {state.factor!r}"
    if min(sums) < 0.0 or (state.weight > 0.0) != (state.results > 0):
        return "the sums are none"
    since = [said.since_ms for said in state.said]
    # They are never None but where somebody else wrote them.
    if None in since or since != sorted(since) or len(since) > KEPT:
        return "said is in no order"
    return None
