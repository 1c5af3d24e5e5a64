"""WindowSettings: how much of each stream is remembered."""

from __future__ import annotations

from dataclasses import dataclass

MAX_WINDOW = 1_000_000
"""Longest window, in entries."""

MAX_REGIMES = 64
"""Regimes that are kept apart, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How many of the newest usable entries of each stream are remembered."""

    regime: int = 50
    portfolio: int = 50
    trades: int = 30
