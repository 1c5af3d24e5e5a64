"""LeverageCap: a limit on leverage that another module has set. It binds every advice, whatever rules and status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HIGHEST_LEVERAGE = 2.0
"""No advice is above it, so a cap that is higher caps nothing."""


@dataclass(frozen=True, slots=True)
class LeverageCap:
    """A limit in force.

    Attributes:
        source: the input that it was read from, for example "risk:leverage_limits".
        value: highest leverage as a multiple of the base position, finite and at least 0.
        since_ms: when this value was first read, milliseconds since 1970-01-01 UTC; None: not known.
    """

    source: str
    value: float
    since_ms: int | None = None

    @property
    def can_bind(self) -> bool:
        """Whether it is within what is advised."""
        return self.value <= HIGHEST_LEVERAGE


LeverageCaps = tuple[LeverageCap, ...]
"""The limits in force, one a source, the lowest first; see `in_order`."""

NO_CAPS: LeverageCaps = ()


def in_order(caps: Iterable[LeverageCap]) -> LeverageCaps:
    """Put the lowest first; of equal ones the first by name."""
    return tuple(sorted(caps, key=lambda cap: (cap.value, cap.source)))


def capped(leverage: float, caps: LeverageCaps) -> tuple[float, LeverageCap | None]:
    """Lower a leverage to the lowest cap, which is not rounded; with the cap where it lowered anything."""
    return (caps[0].value, caps[0]) if caps and leverage > caps[0].value else (leverage, None)


def by_source(caps: LeverageCaps) -> dict[str, float]:
    """The values by source."""
    return {cap.source: cap.value for cap in caps}
