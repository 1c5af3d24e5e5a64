"""What an agent's program is warned of, once each: nobody looks into infos for it."""

from __future__ import annotations

import warnings
from contextlib import suppress

CLOSED_ELSEWHERE = "the client of the advice was closed by somebody else: the safe values hold from now on"
NEVER_ACTIVE = (
    "the advice was never ACTIVE in an episode: nothing was learned from it; look at `strategic-memory health`, or at "
    "the times of the recorded advice"
)


class Episode:
    """Whether the advice was ACTIVE at a step of an episode."""

    def __init__(self) -> None:
        self._steps, self._was_active = 0, False

    def step(self, *, is_active: bool) -> None:
        """Take a step."""
        self._steps += 1
        self._was_active = self._was_active or is_active

    def end(self) -> bool:
        """Begin another one; return whether this one had steps, and active advice at none of them."""
        was_in_vain = self._steps > 0 and not self._was_active
        self._steps, self._was_active = 0, False
        return was_in_vain


class Cautions:
    """Warns of each thing once.

    Args:
        stacklevel: how many calls above `warn` the line of the user is.
    """

    def __init__(self, stacklevel: int) -> None:
        self._stacklevel = stacklevel
        self._warned: set[str] = set()

    def warn(self, message: str) -> None:
        """Warn, unless it has been said. Never raises."""
        if message not in self._warned:
            self._warned.add(message)
            # Where warnings are errors, a step must not fail because of the service.
            with suppress(Warning):
                warnings.warn(message, stacklevel=self._stacklevel)
