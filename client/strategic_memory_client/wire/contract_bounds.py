"""What a server may never say, whatever its version: an answer with such values is refused whole."""

from __future__ import annotations

import math
from collections.abc import Iterator

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client.values.errors import FieldViolation, InvalidAnswerError, UnsupportedOperationError

HIGHEST_LEVERAGE = 2.0
"""No rules advise more, as a multiple of the base position."""

_SLACK = 1e-9  # a hint may be rounded above a cap by that much


def require_within_contract(wire: feedback_pb2.Feedback, address: str) -> None:
    """Raise InvalidAnswerError, which names the fields, where the feedback holds what the contract rules out."""
    violations = tuple(_violations(wire))
    if violations:
        named = "; ".join(f"{violation.field} {violation.description}" for violation in violations)
        raise InvalidAnswerError(
            f"the service at {address} says what cannot be (revision {wire.revision} of {wire.epoch or 'no epoch'}: "
            f"{named}); it is taken as not heard: look for another program that writes the feedback log in Redis",
            violations=violations,
            address=address,
        )


def require_portfolio(told: str, asked: str, address: str) -> None:
    """Raise UnsupportedOperationError where an answer is about another portfolio than was asked for.

    A server of before there were any does not know the field, and answers about the only memory that it has.
    """
    if told != asked:
        about = f"its portfolio {told}" if told else "its default portfolio"
        raise UnsupportedOperationError(
            f"the service at {address} answers about {about} where {asked or 'the default one'} was asked for, and "
            "nothing of it is used: it knows no portfolios; upgrade it, or ask for none",
            address=address,
        )


def _violations(wire: feedback_pb2.Feedback) -> Iterator[FieldViolation]:
    caps = [cap.value for cap in wire.leverage_caps if math.isfinite(cap.value) and cap.value >= 0.0]
    highest = min([HIGHEST_LEVERAGE, *caps]) + _SLACK
    yield from _advice("", wire, highest)
    if wire.HasField("current"):
        yield from _advice("current.", wire.current, highest)
    if wire.HasField("evidence"):
        yield from _advice("evidence.", wire.evidence, HIGHEST_LEVERAGE)  # what was seen, which nobody acts upon
    if wire.HasField("regime_performance"):
        yield from _share("regime_performance.win_rate", wire.regime_performance.win_rate)


def _advice(
    where: str, wire: feedback_pb2.Feedback | feedback_pb2.RegimeAdvice | feedback_pb2.Evidence, highest: float
) -> Iterator[FieldViolation]:
    if not 0.0 <= wire.leverage_hint <= highest:
        yield FieldViolation(f"{where}leverage_hint", f"is {wire.leverage_hint}, not 0 to {highest:g}")
    yield from _share(f"{where}confidence_boost", wire.confidence_boost)


def _share(field: str, value: float) -> Iterator[FieldViolation]:
    if not 0.0 <= value <= 1.0:
        yield FieldViolation(field, f"is {value}, not 0 to 1")
