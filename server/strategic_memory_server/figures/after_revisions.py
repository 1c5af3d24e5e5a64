"""What trades earned after each revision of the advice, against what they earned before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.checks import check_length, check_pnl, check_times
from strategic_memory_server.figures.mean_pnl import MeanPnl, mean_pnl


@dataclass(frozen=True, slots=True)
class AfterRevision:
    """Trades around one revision.

    Attributes:
        trades_before: trades since the revision before it, or since the first trade.
        mean_before: their mean pnl; None without one.
        trades_after: trades until the next revision, or until the newest trade.
        mean_after: their mean pnl; None without one.
        change: mean after minus mean before, in the unit of pnl; None where either is.
    """

    trades_before: int
    mean_before: float | None
    trades_after: int
    mean_after: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class AfterRevisions:
    """Trades around all revisions.

    Attributes:
        revisions: by revision, oldest first.
        change: mean of the changes of all revisions that have one, each counting the same, with its interval.
    """

    revisions: tuple[AfterRevision, ...]
    change: MeanPnl


def after_revisions(revision_ms: IndexColumn, pnl: FloatColumn, time_ms: IndexColumn) -> AfterRevisions:
    """Compare the trades between revisions. It shows what came after, not what was caused.

    The design is the interrupted time series of D. T. Campbell and J. C. Stanley (1963), "Experimental and
    Quasi-experimental Designs for Research".

    A trade at the very time of a revision came before it: the advice may rest on it. Of revisions at the same time only
    the last has trades after it.

    Args:
        revision_ms: times of the revisions, milliseconds since 1970-01-01 UTC, none earlier than the one before.
        pnl: pnl of each trade, oldest first; to judge some trades only, give those only.
        time_ms: when it was opened, in the same unit; when it was closed, where that is not known.

    Raises:
        ValueError: a column holds what it may not, or they are not equally long; the message names it.
    """
    check_times("revision_ms", revision_ms)
    check_pnl(pnl)
    check_length("time_ms", time_ms, pnl.size)
    check_times("time_ms", time_ms)
    edges = np.concatenate(([0], np.searchsorted(time_ms, revision_ms, side="right"), [pnl.size]))
    counts = np.diff(edges)
    means = _means(pnl, edges[:-1], counts)
    found = tuple(
        _revision(counts[place : place + 2].tolist(), means[place : place + 2]) for place in range(revision_ms.size)
    )
    changes = [revision.change for revision in found if revision.change is not None]
    return AfterRevisions(found, mean_pnl(np.array(changes, dtype=np.float64)))


def _means(pnl: FloatColumn, starts: IndexColumn, counts: IndexColumn) -> list[float | None]:
    """The mean of each stretch; the stretches follow each other, and some have no trade."""
    filled = counts > 0
    sums = np.add.reduceat(pnl, starts[filled]) if filled.any() else np.zeros(0)
    found = iter((sums / counts[filled]).tolist())
    return [next(found) if has_trades else None for has_trades in filled.tolist()]


def _revision(counts: list[int], means: list[float | None]) -> AfterRevision:
    before, after = means
    change = None if before is None or after is None else after - before
    return AfterRevision(counts[0], before, counts[1], after, change)
