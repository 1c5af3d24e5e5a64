"""The health of several processes as that of one. Pure: from what each says to JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WARMING_UP = "warming_up"


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """One process, as the others see it.

    Attributes:
        number: which one.
        pid: its process id; None while there is no process.
        restarts: how often it was started again.
        away: why it does not answer, in words; None where it does.
        said: its own health; None where it does not answer.
    """

    number: int
    pid: int | None
    restarts: int
    away: str | None
    said: Mapping[str, Any] | None


def joined_health(workers: Sequence[WorkerSeen]) -> dict[str, Any]:
    """Return the health of all: what the one that leads says, or else the first that answers, with what others add.

    One that has only just begun, and may not know the caps yet, is that first one where all have.

    A problem that not all of them have names who has it.

    Raises:
        ValueError: none of them answers.
    """
    answers = {each.number: each.said for each in workers if each.said is not None}
    if not answers:
        raise ValueError("no worker answers")
    chosen = min(answers.items(), key=lambda each: (not _leads(each[1]), each[1]["status"] == WARMING_UP, each[0]))[1]
    metrics = chosen["metrics"]
    subscribers = sum(said["metrics"]["feedback"]["subscribers"] for said in answers.values())
    return {
        **chosen,
        "problems": [*_away(workers), *_behind(answers, chosen), *_problems(answers)],
        "metrics": {
            **metrics,
            "feedback": {**metrics["feedback"], "subscribers": subscribers},
            "workers": [_shown(each) for each in workers],
        },
    }


def _leads(said: Mapping[str, Any]) -> bool:
    return bool(said["metrics"]["replication"]["role"] == "leader")


def _away(workers: Sequence[WorkerSeen]) -> list[str]:
    return [f"worker {each.number}: {each.away}" for each in workers if each.away is not None]


def _behind(answers: Mapping[int, Mapping[str, Any]], chosen: Mapping[str, Any]) -> list[str]:
    """Tell who serves another status than the rest: its callers are told something else."""
    return [
        f"worker {number}: its feedback is {said['status']}, that of the others {chosen['status']}"
        for number, said in answers.items()
        if said["status"] != chosen["status"]
    ]


def _problems(answers: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """Return the problems that all have, and then those of some."""
    having = Counter(problem for said in answers.values() for problem in said["problems"])
    common = [problem for problem, count in having.items() if count == len(answers)]
    own = [
        f"worker {number}: {problem}"
        for number, said in answers.items()
        for problem in said["problems"]
        if having[problem] < len(answers)
    ]
    return [*common, *own]


def _shown(worker: WorkerSeen) -> dict[str, Any]:
    said = worker.said
    return {
        "worker": worker.number,
        "pid": worker.pid,
        "answers": said is not None,
        "restarts": worker.restarts,
        "status": said and said["status"],
        "role": said and said["metrics"]["replication"]["role"],
        "epoch": said and said["metrics"]["feedback"]["epoch"],
        "revision": said and said["metrics"]["feedback"]["revision"],
        "subscribers": said and said["metrics"]["feedback"]["subscribers"],
    }
