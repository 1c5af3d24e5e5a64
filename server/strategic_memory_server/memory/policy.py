"""The three policies, in the order of the risk they take."""

from __future__ import annotations

import enum


class Policy(enum.IntEnum):
    """How boldly to trade. The value is the index used in policy columns; absent is -1 there."""

    CONSERVATIVE = 0
    BALANCED = 1
    AGGRESSIVE = 2


NO_POLICY = -1
"""Column value of a trade whose policy is not known."""
