"""What a server has to tell its operator, as it comes with the answer to GetFeedback."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class Problem(Unchanging):
    """Something that is wrong with a server or with what it reads."""

    name: str
    """Stable name, for example "inputs_refused"."""
    sentence: str
    """What is wrong and what to do. It may quote a producer: show it without its control characters."""
