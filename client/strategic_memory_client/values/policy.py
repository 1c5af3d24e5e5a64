"""The three policies."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How boldly to trade."""

    CONSERVATIVE = "CONSERVATIVE"
    BALANCED = "BALANCED"
    AGGRESSIVE = "AGGRESSIVE"
