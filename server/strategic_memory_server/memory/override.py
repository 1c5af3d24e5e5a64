"""Override and Freeze: what an operator has said about the advice, until when, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.memory.policy import Policy

OVERRIDE_CAP = "override"
"""Names the cap on leverage that an override is."""

LONGEST_MS = 86_400_000
"""The longest time that an operator can ask for at once, milliseconds."""

SHORTEST_MS = 1_000
"""The shortest time that an operator can ask for, milliseconds."""

LONGEST_REASON = 256
"""Most characters of a reason."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What decides how much is risked.

    Attributes:
        policy: policy advised.
        leverage_hint: multiple of the base position.
        leverage_bound_by: name of the cap that lowered the leverage; None when none did.
        is_probe: whether the policy is tried because it may turn out better.
    """

    policy: Policy
    leverage_hint: float
    leverage_bound_by: str | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Risks:
    """What an advice risks: in the preferred regime, in the current one, and by the evidence; None: nothing is said."""

    preferred: Risk
    current: Risk | None = None
    evidence: Risk | None = None

    def each(self, change: Callable[[Risk], Risk], of_evidence: Callable[[Risk], Risk] | None = None) -> Risks:
        """Return them changed, each in the same way unless there is another one for the evidence."""
        return Risks(
            change(self.preferred),
            None if self.current is None else change(self.current),
            None if self.evidence is None else (of_evidence or change)(self.evidence),
        )


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator allows at most, or where it is forced, sets.

    Attributes:
        policy: boldest policy, or the one set; None: left to the rules.
        leverage: highest leverage, or the one set, as a multiple of the base position; None: left to the rules.
        is_forced: whether it also raises risk above what the rules say: it is a value then, and not only a bound.
        reason: why, as the operator has it.
        set_by: who has set it.
        set_at_ms: when, milliseconds since 1970-01-01 UTC.
        until_ms: when it ends, likewise.
        without: what would be advised without it; None where it is not part of an advice.
    """

    policy: Policy | None
    leverage: float | None
    is_forced: bool
    reason: str
    set_by: str
    set_at_ms: int
    until_ms: int
    without: Risks | None = None

    @property
    def cap(self) -> LeverageCap | None:
        """The cap on leverage that it is, whatever the status: no leverage is ever above it."""
        return None if self.leverage is None else LeverageCap(OVERRIDE_CAP, self.leverage, self.set_at_ms)

    @property
    def rules_policy(self) -> Policy | None:
        """The policy that would be advised without it; None: not known."""
        return None if self.without is None else self.without.preferred.policy

    @property
    def rules_current_policy(self) -> Policy | None:
        """The policy that would be advised for the current regime without it; None: not known."""
        current = None if self.without is None else self.without.current
        return None if current is None else current.policy

    @property
    def rules_current_leverage_hint(self) -> float | None:
        """The leverage that would be advised for the current regime without it; None: not known."""
        current = None if self.without is None else self.without.current
        return None if current is None else current.leverage_hint

    @property
    def rules_leverage_hint(self) -> float | None:
        """The leverage that would be advised without it; None: not known."""
        return None if self.without is None else self.without.preferred.leverage_hint


@dataclass(frozen=True, slots=True)
class Freeze:
    """The advice of one revision, held whatever the inputs say.

    Attributes:
        revision: which revision.
        epoch: of which log.
        reason, set_by, set_at_ms, until_ms: as of an `Override`.
    """

    revision: int
    epoch: str
    reason: str
    set_by: str
    set_at_ms: int
    until_ms: int
