"""Clocks that show what a test has set them to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SecondsClock:
    """Shows seconds."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class MillisecondsClock:
    """Shows milliseconds since 1970-01-01 UTC."""

    now_ms: int

    def __call__(self) -> int:
        return self.now_ms
