"""A portfolio of a service, as the server that was asked knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import FeedbackStatus
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class PortfolioState(Unchanging):
    """One portfolio."""

    name: str
    """Its name. Empty: the default one."""
    is_followed: bool
    """Whether the server follows it just now; otherwise it knows nothing of what follows here."""
    status: FeedbackStatus = FeedbackStatus.STALE
    """Status of the feedback in force."""
    revision: int = 0
    """Its revision."""
    epoch: str = ""
    """The log that this counts in."""
    preferred_regime: str = ""
    """Its regime."""
    updated_policy: Policy = Policy.CONSERVATIVE
    """Its policy."""
    leverage_hint: float = 0.0
    """Its leverage, as a multiple of the base position."""
    valid_until: datetime | None = None
    """Until when it holds. None: nothing was advised yet."""
    problems: tuple[Problem, ...] = ()
    """What the server has to tell its operator of it, the oldest first."""
