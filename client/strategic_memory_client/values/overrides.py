"""What an operator has said about the advice, as it comes with a feedback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class Override(Unchanging):
    """What an operator allows at most, or where it is forced, has set."""

    policy: Policy | None
    """The boldest policy, or the one that is set. None: it is left to the rules."""
    leverage: float | None
    """The highest leverage, or the one that is set, as a multiple of the base position. None: left to the rules."""
    is_forced: bool
    """Whether it raises risk above what the rules say where it is above that; never above a cap on leverage."""
    reason: str
    """Why, as the operator has it."""
    set_by: str
    """Who has set it."""
    set_at: datetime | None = None
    """When (aware, UTC)."""
    until: datetime | None = None
    """When it ends (aware, UTC)."""
    rules_policy: Policy | None = None
    """`updated_policy` without it. None: not known."""
    rules_leverage_hint: float | None = None
    """`leverage_hint` without it. None: not known."""
    rules_current_policy: Policy | None = None
    """`current.policy` without it. None: not known."""
    rules_current_leverage_hint: float | None = None
    """`current.leverage_hint` without it. None: not known."""

    def without_rules(self) -> Override:
        """Return it without what the rules say beside it: that holds no longer than their advice."""
        return replace(
            self,
            rules_policy=None,
            rules_leverage_hint=None,
            rules_current_policy=None,
            rules_current_leverage_hint=None,
        )


@dataclass(frozen=True, slots=True)
class Freeze(Unchanging):
    """The advice of one revision, which an operator holds whatever the inputs say; caps and overrides bind it."""

    revision: int
    """The revision whose advice is held."""
    epoch: str
    """The epoch that it counts in."""
    reason: str
    """Why, as the operator has it."""
    set_by: str
    """Who holds it."""
    set_at: datetime | None = None
    """Since when (aware, UTC)."""
    until: datetime | None = None
    """When it ends (aware, UTC)."""
