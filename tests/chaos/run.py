"""One fault run: a stage, faults drawn from a seed, and the check of everything that was observed."""

from __future__ import annotations

import asyncio
import enum
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from chaos.deadline import RECOVERS_WITHIN_S, NotInTimeError
from chaos.fencing_watch import Look
from chaos.redis_faults import redis_killed
from chaos.remembered_trades import still_miscounted_trades
from chaos.stage import Stage
from chaos.stage_settings import StageSettings
from chaos.unread_revisions import with_unread
from faults.redis_process import RedisProcessError
from history.checker import check
from history.model import History
from redis.exceptions import RedisError

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError

_REVISIONS_BETWEEN = (3, 8)
_NOT_AS_IT_SHOULD_BE = (NotInTimeError, RedisProcessError, EmbeddedRedisError, RedisError, OSError)

FaultAction = Callable[[Stage], Awaitable[None]]
"""Breaks something, and mends it."""


class Epochs(enum.Enum):
    """What becomes of the epoch in a run."""

    ONE = "nothing is lost, so the epoch stays"
    SEVERAL = "history is lost, so the epoch changes"
    ANY = "whether history is lost is a matter of chance"


@dataclass(frozen=True, slots=True)
class Run:
    """What is played.

    Attributes:
        name: for the command line and the table.
        stage: the stage.
        faults: each is played as often as asked for, in an order that is drawn.
        rarer: further faults, for long runs.
        epochs: what has to become of the epoch.
        keeps_tokens: whether Redis loses no fencing token, so that none may ever go back.
        keeps_memory: whether nobody deletes the long memory, so that it has counted every trade in the end.
        other_leads: whether the server with other settings may lead, where there is one.
    """

    name: str
    stage: StageSettings
    faults: tuple[FaultAction, ...]
    rarer: tuple[FaultAction, ...] = ()
    epochs: Epochs = Epochs.ONE
    keeps_tokens: bool = True
    keeps_memory: bool = True
    other_leads: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    run: str
    seed: int
    history: History = field(default_factory=History)
    faults: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    """Violations of promises, and whatever else is not as it should be."""
    replacement_s: list[float] = field(default_factory=list)
    writes: int = 0
    """How many writes to the log were compared with the fencing tokens before them."""
    added: int = 0
    """How many entries Redis was seen to add to the log."""
    seconds: float = 0.0

    @property
    def revisions(self) -> int:
        """How many revisions were seen in the log."""
        return len(self.history.publishes)

    @property
    def deliveries(self) -> int:
        """How many messages and answers were checked."""
        messages = sum(len(stream.messages) for each in self.history.subscribers for stream in each.streams)
        return messages + len(self.history.answers)


async def play(run: Run, seed: int, folder: Path, faults: Sequence[FaultAction]) -> Outcome:
    """Play faults in a run, in an order that is drawn.

    Args:
        run: where.
        seed: of everything that is drawn.
        folder: for the logs of the servers.
        faults: what.
    """
    outcome = Outcome(run.name, seed)
    begun_s = time.monotonic()
    terms: list[Look] = []
    try:
        async with Stage(run.stage, seed, folder) as stage:
            terms = stage.fencing.terms
            try:
                await _play_faults(stage, outcome, faults)
                await stage.settle()
                outcome.problems += await _memory_problems(stage) if run.keeps_memory else []
                outcome.history = await stage.recorder.settled_history()
                outcome.problems += [f"{name} is let in no more" for name in stage.recorder.streamless]
            finally:
                history = outcome.history if outcome.history.settled_ms else stage.recorder.history()
                outcome.history = with_unread(history, stage.writes.published)
                outcome.replacement_s = stage.replacement_s
                outcome.writes, outcome.added = stage.writes.writes, len(stage.writes.published)
                outcome.problems += stage.writes.late
                outcome.problems += _terms_of_other(stage, may_lead=run.other_leads)
                outcome.problems += stage.fencing.setbacks + stage.writes.setbacks if run.keeps_tokens else []
    except _NOT_AS_IT_SHOULD_BE as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    outcome.problems += [str(violation) for violation in await asyncio.to_thread(check, outcome.history)]
    outcome.problems += epoch_problems(run.epochs, outcome.history, terms)
    outcome.seconds = time.monotonic() - begun_s
    return outcome


async def _play_faults(stage: Stage, outcome: Outcome, faults: Sequence[FaultAction]) -> None:
    for fault in stage.draw.sample(faults, len(faults)):
        await stage.more_revisions(stage.draw.randint(*_REVISIONS_BETWEEN))
        name = name_of(fault)
        outcome.faults[name] += 1
        with stage.recorder.fault(name):
            await fault(stage)
            await stage.progress()


async def _memory_problems(stage: Stage) -> list[str]:
    with stage.redis_client() as client:
        miscounted = await asyncio.to_thread(still_miscounted_trades, client, stage.redis.prefix, RECOVERS_WITHIN_S)
    return [miscounted] if miscounted else []


def _terms_of_other(stage: Stage, *, may_lead: bool) -> list[str]:
    """Say what is wrong with how often the server led that has other settings."""
    if stage.other is None:
        return []
    terms = sum(look.leader_pid in stage.other.pids for look in stage.fencing.terms)
    return [f"the server with other settings led {terms} times"] if bool(terms) != may_lead else []


def name_of(fault: FaultAction) -> str:
    """Return the name of a fault in words."""
    return str(getattr(fault, "__name__", fault)).replace("_", " ")


def epoch_problems(expected: Epochs, history: History, terms: Sequence[Look]) -> list[str]:
    """Say what is wrong with how many epochs there were.

    Args:
        expected: what has to become of the epoch.
        history: what was observed.
        terms: the first look at each holder of the lease.
    """
    count, excused = len(history.epochs), _taken_over_at_restarts(history, terms)
    wrong = (expected is Epochs.ONE and not 1 <= count <= 1 + excused) or (expected is Epochs.SEVERAL and count < 2)
    return [f"there were {count} epochs: {expected.value}"] if wrong else []


def _taken_over_at_restarts(history: History, terms: Sequence[Look]) -> int:
    """How often another server came to lead when Redis was restarted: it cannot know that the restart lost nothing."""
    restarts = [fault for fault in history.faults if fault.name == name_of(redis_killed)]
    taken_over_ms = [after.at_ms for before, after in pairwise(terms) if before.leader_pid != after.leader_pid]
    return sum(any(restart.from_ms <= at_ms <= restart.until_ms for at_ms in taken_over_ms) for restart in restarts)
