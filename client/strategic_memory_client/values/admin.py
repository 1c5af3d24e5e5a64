"""What operators have said, and whether it is carried out; what may be lifted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strategic_memory_client.values.overrides import Freeze, Override
from strategic_memory_client.values.results import WARMING_UP, Feedback
from strategic_memory_client.values.unchanging import Unchanging


class InterventionPart(StrEnum):
    """A part of what operators have said."""

    OVERRIDE = "OVERRIDE"
    FREEZE = "FREEZE"


@dataclass(frozen=True, slots=True)
class AdminState(Unchanging):
    """What operators have said, and whether it is carried out."""

    number: int
    """Grows by one with each thing that is said; whoever replaces what holds names it. 0: nothing ever was."""
    override: Override | None
    """The override that holds. None: none."""
    freeze: Freeze | None
    """The hold on a revision. None: none."""
    is_in_force: bool
    """Whether the advice that the server gives is under it."""
    pending: str = ""
    """Why it is not, and what to do. Empty: it is."""
    portfolio: str = ""
    """The portfolio that it is about. Empty: the default one."""
    feedback: Feedback = WARMING_UP
    """The advice that the server gives now."""
