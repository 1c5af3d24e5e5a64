"""What is followed of an advice while added risk has to wait: the state that is written with each revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strategic_memory_server.advice.hysteresis import HysteresisSettings, LeverageWait, PolicyWait, Wait
from strategic_memory_server.memory.policy import Policy


@dataclass(frozen=True, slots=True)
class FollowedLevel:
    """What is followed of the advice for one regime, and what waits.

    Attributes:
        policy: the policy that is followed.
        leverage: the leverage that is followed.
        policy_waits: a bolder policy that waits; None: none does.
        leverage_waits: a higher leverage that waits; None: none does.
    """

    policy: Policy
    leverage: float
    policy_waits: PolicyWait | None = None
    leverage_waits: LeverageWait | None = None

    def waits(self) -> Iterator[tuple[str, Wait]]:
        """What waits, by name."""
        if self.policy_waits:
            yield "policy", self.policy_waits.wait
        if self.leverage_waits:
            yield "leverage", self.leverage_waits.wait


@dataclass(frozen=True, slots=True)
class Followed:
    """What is followed of an advice.

    Attributes:
        preferred: of the advice for the preferred regime, whichever that is.
        current: of the advice for the current regime, likewise; None while there is none.
    """

    preferred: FollowedLevel
    current: FollowedLevel | None = None

    def waits(self) -> Iterator[tuple[str, str, Wait]]:
        """What waits: of which advice, which of the two, and since when."""
        for advice, level in (("preferred", self.preferred), ("current", self.current)):
            if level is not None:
                yield from ((advice, axis, wait) for axis, wait in level.waits())

    def without_waits(self) -> Followed:
        """Return what is followed, where nothing waits any more."""
        preferred, current = self.preferred, self.current
        return Followed(
            FollowedLevel(preferred.policy, preferred.leverage),
            None if current is None else FollowedLevel(current.policy, current.leverage),
        )

    def due_ms(self, settings: HysteresisSettings) -> int | None:
        """When the first wait is over for the time alone, milliseconds since 1970-01-01 UTC; None: none is."""
        due = [wait.due_ms(settings) for _, _, wait in self.waits()]
        return min((each for each in due if each is not None), default=None)
