"""What past advice was worth, worked out from the revisions of the log and the trades of one memory.

Pure. It shows what came after the advice, not what the advice has caused: when the market changes, so does the advice.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from strategic_memory_server.columns.columns import index_column
from strategic_memory_server.figures.after_revisions import AfterRevision, after_revisions
from strategic_memory_server.figures.mean_pnl import MeanPnl
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS, StrategicMemory, TradeWindow
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.past_advice.judged_statements import AdviceCalibration, judge_statements
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision

NEWEST_SHOWN = 50
"""Revisions, and changes of advice, of which each is shown by itself."""


class JudgedRevision(NamedTuple):
    """A revision, and the trades around it."""

    said: PastRevision
    around: AfterRevision


@dataclass(frozen=True, slots=True)
class AfterAdvice:
    """Trades after some revisions against those before them.

    Attributes:
        revisions: how many revisions there are.
        compared: those with trades before and after.
        change: mean of their changes, each counting the same, with its interval.
        newest: the newest of them, oldest first, with the trades around each.
    """

    revisions: int
    compared: int
    change: MeanPnl
    newest: tuple[JudgedRevision, ...]


@dataclass(frozen=True, slots=True)
class PastAdvice:
    """What past advice was worth.

    Attributes:
        revisions: revisions that were judged.
        left_out: entries of the log that are no advice of this service.
        first_said_ms: when the oldest of the revisions was said, milliseconds since 1970-01-01 UTC; None without one.
        last_said_ms: when the newest was said.
        trades: trades of the window that were opened after the oldest.
        as_of_close: those of them that do not say when they were opened: their close counts.
        calibrations: confidences by what they are about and by the version of the rules.
        after_revisions: the trades around every revision.
        after_changes: the trades around those revisions that changed the preferred regime or its policy.
    """

    revisions: int
    left_out: int
    first_said_ms: int | None
    last_said_ms: int | None
    trades: int
    as_of_close: int
    calibrations: tuple[AdviceCalibration, ...]
    after_revisions: AfterAdvice
    after_changes: AfterAdvice


def judge_past_advice(
    revisions: Sequence[PastRevision], left_out: int, memory: StrategicMemory, checkpoint: Checkpoint = go_on
) -> PastAdvice:
    """Judge revisions by the trades of a memory.

    What was advised to a trade is what was in force at its opening; where that is not known, at its close. A trade at
    the very time of a revision came before it: the advice may rest on it. One whose opening is an id of the future is
    left out: everything that was said would seem to have been said before it.

    Args:
        revisions: what was said, in the order of the time at which it was.
        left_out: entries of the log that are no advice of this service.
        memory: the windows; its times are known.
        checkpoint: called now and then.
    """
    said_ms = index_column([revision.said_ms for revision in revisions])
    memory = _without_future(memory)
    trades = memory.trades
    in_force = np.searchsorted(said_ms, trades.opened_ms, side="left") - 1
    return PastAdvice(
        revisions=len(revisions),
        left_out=left_out,
        first_said_ms=revisions[0].said_ms if revisions else None,
        last_said_ms=revisions[-1].said_ms if revisions else None,
        trades=int(np.count_nonzero(in_force >= 0)),
        as_of_close=int(np.count_nonzero((in_force >= 0) & (trades.opened_ms == trades.time_ms))),
        calibrations=judge_statements(revisions, memory, in_force, checkpoint),
        after_revisions=_after(revisions, memory),
        after_changes=_after(_changes(revisions), memory),
    )


def _without_future(memory: StrategicMemory) -> StrategicMemory:
    if memory.clock_ms is None:
        return memory
    is_known, trades = memory.trades.opened_ms <= memory.clock_ms + CLOCK_TOLERANCE_MS, memory.trades
    columns = (getattr(trades, column.name)[is_known] for column in fields(trades))
    return memory if is_known.all() else replace(memory, trades=TradeWindow(*columns))


def _changes(revisions: Sequence[PastRevision]) -> list[PastRevision]:
    """Return the revisions that advised something else than the one before; nothing came before the first."""
    return [
        revision
        for before, revision in itertools.pairwise(revisions)
        if (before.preferred_regime, before.policy) != (revision.preferred_regime, revision.policy)
    ]


def _after(revisions: Sequence[PastRevision], memory: StrategicMemory) -> AfterAdvice:
    said_ms = index_column([revision.said_ms for revision in revisions])
    opened_ms = memory.trades.opened_ms
    order = np.argsort(opened_ms, kind="stable")
    found = after_revisions(said_ms, memory.trades.pnl[order], opened_ms[order])
    newest = map(JudgedRevision, revisions[-NEWEST_SHOWN:], found.revisions[-NEWEST_SHOWN:])
    return AfterAdvice(
        revisions=len(revisions),
        compared=sum(revision.change is not None for revision in found.revisions),
        change=found.change,
        newest=tuple(newest),
    )
