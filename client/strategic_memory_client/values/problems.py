"""What a server has to tell its operator, as it comes with the answer to GetFeedback."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory.v1 import service_pb2
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class Problem(Unchanging):
    """Something that is wrong with a server or with what it reads."""

    name: str
    """Stable name, for example "inputs_refused"."""
    sentence: str
    """What is wrong and what to do. It may quote a producer: show it without its control characters."""


def problems_from_wire(wire: service_pb2.GetFeedbackResponse) -> tuple[Problem, ...]:
    """Return the problems of the server that answered; none from one of before there were any."""
    return tuple(Problem(problem.name, problem.sentence) for problem in wire.problems)
