"""Rounds: each side is measured once in each, so that all of them meet about the same noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Round = TypeVar("Round")


def in_turn(sides: Mapping[str, Callable[[], Round]], rounds: int) -> dict[str, list[Round]]:
    """Measure each side so many times, in turn, every second round the other way round.

    Returns:
        What was measured, round by round, by side.
    """
    found: dict[str, list[Round]] = {side: [] for side in sides}
    names = list(sides)
    for number in range(rounds):
        for side in (names, names[::-1])[number % 2]:
            found[side].append(sides[side]())
    return found
