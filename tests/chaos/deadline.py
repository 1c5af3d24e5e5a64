"""How long anything may take that has to come about by itself."""

from __future__ import annotations

RECOVERS_WITHIN_S = 30.0
"""Long enough for a machine that has much else to do."""


class NotInTimeError(Exception):
    """Something that has to come about by itself did not, in time."""
