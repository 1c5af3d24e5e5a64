"""Beside: what is written down in the same step as what is said: trades, operators, the drawdown guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.advice.intervention import NO_INTERVENTION, Intervention
from strategic_memory_server.long_memory.memory_note import Note, note_arguments
from strategic_memory_server.redis_access.redis_script import Argument
from strategic_memory_server.revisions.guard_text import guard_text
from strategic_memory_server.revisions.intervention_text import intervention_text


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes with a feedback, or with the word that there is none.

    Attributes:
        note: what to write down of the long memory; None: nothing is new.
        intervention: what operators say, which binds the safe values too.
        guard: what the drawdown guard goes on from; None: it is off.
    """

    note: Note | None = None
    intervention: Intervention = NO_INTERVENTION
    guard: GuardState | None = None

    def arguments(self) -> dict[str, Argument]:
        """Return it as the scripts take it, by their names."""
        return {
            "intervention": intervention_text(self.intervention),
            "guard": guard_text(self.guard),
            **note_arguments(self.note),
        }

    @property
    def numbered_ids(self) -> Sequence[str | int]:
        """Number and id of each trade to remember."""
        return self.note.numbered_ids() if self.note else ()


NOTHING_BESIDE = Beside()
