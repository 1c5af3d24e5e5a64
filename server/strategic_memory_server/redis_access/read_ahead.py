"""ReadAhead: what is asked of Redis along with a wait, so that its answers come with the end of the wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ReadAhead:
    """Commands that Redis runs in the moment in which a blocking read before them ends.

    Attributes:
        commands: what is asked; empty: nothing.
        replies: what was answered, in the same order; empty: nothing yet.
    """

    commands: Sequence[bytes] = ()
    replies: list[Any] = field(default_factory=list)
