"""What the drawdown guard goes on from as text, a field of the state of the log: read exactly, or not at all."""

from __future__ import annotations

import json

import structlog

from strategic_memory_server.advice.drawdown_guard import KEPT, LOWEST, GuardReading, GuardState
from strategic_memory_server.memory.json_types import JsonValue
from strategic_memory_server.revisions.json_shapes import JsonShape

_SHAPE, _READING = JsonShape(GuardState), JsonShape(GuardReading)
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
        state = _SHAPE.read(text)
        if (wrong := _outside(state)) is not None:
            raise ValueError(wrong)
    except ValueError as error:
        logger.warning(
            "What the drawdown guard goes on from cannot be read; it begins afresh", error=str(error)[:_SHOWN]
        )
        return GuardState()
    return state


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
