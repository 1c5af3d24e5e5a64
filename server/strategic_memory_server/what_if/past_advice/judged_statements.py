"""Whether past confidences were justified: what was said before runs of trades against how the runs ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.calibration import Calibration
from strategic_memory_server.figures.judged_runs import RUN_TRADES, judged_by_runs, run_starts
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision, Statement, Subject

MAX_VERSIONS = 16
"""Most versions of rules that are judged, those that spoke last: each costs a pass over the trades."""

_NOWHERE = -2
"""Code of a regime in which there is no trade."""

Key = tuple[Subject, Rules, str]


@dataclass(frozen=True, slots=True)
class AdviceCalibration:
    """Confidences about one subject, said under one version of the rules, against what then happened.

    Attributes:
        subject: what they are about.
        rules: which rules were in charge when they were said.
        version: version of these.
        revisions: revisions that said one.
        found: those that could be judged, each by a run of trades of its own.
        run_trades: trades of such a run.
    """

    subject: Subject
    rules: Rules
    version: str
    revisions: int
    found: Calibration
    run_trades: int = RUN_TRADES


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """Confidences by revision; NaN where a revision said none."""

    confidence: FloatColumn
    regime: IndexColumn
    policy: IndexColumn


def judge_statements(
    revisions: Sequence[PastRevision],
    memory: StrategicMemory,
    in_force: IndexColumn,
    checkpoint: Checkpoint = go_on,
) -> tuple[AdviceCalibration, ...]:
    """Judge the confidences of revisions by the trades of a memory.

    A confidence is judged by the next 20 trades that it is about, in the order of their openings, beginning with one
    before whose opening it was in force, by whether they earned anything together.

    Args:
        revisions: oldest first.
        memory: the windows.
        in_force: place of the newest revision said before each trade was opened; negative where there was none.
        checkpoint: called now and then.
    """
    codes = {name: code for code, name in enumerate(memory.regime_names)}
    judged = []
    for key, places in _by_key(revisions):
        checkpoint()
        said = _said(revisions, places, key[0], codes)
        judged.append(AdviceCalibration(*key, len(places), _judged(said, memory, in_force)))
    return tuple(judged)


def _by_key(revisions: Sequence[PastRevision]) -> list[tuple[Key, list[int]]]:
    """Return the places of the revisions that said something, by subject and by the version of the rules."""
    newest_first = dict.fromkeys((revision.rules, revision.version) for revision in reversed(revisions))
    judged = set(list(newest_first)[:MAX_VERSIONS])
    places: dict[Key, list[int]] = {}
    for place, revision in enumerate(revisions):
        if (revision.rules, revision.version) in judged:
            for subject in revision.statements:
                places.setdefault((subject, revision.rules, revision.version), []).append(place)
    order = list(Subject)
    return sorted(places.items(), key=lambda item: (item[0][1].value, item[0][2], order.index(item[0][0])))


def _said(revisions: Sequence[PastRevision], places: Sequence[int], subject: Subject, codes: dict[str, int]) -> _Said:
    confidence = np.full(len(revisions), np.nan)
    regime = np.full(len(revisions), _NOWHERE, dtype=np.int64)
    policy = np.full(len(revisions), _NOWHERE, dtype=np.int64)
    for place in places:
        statement: Statement = revisions[place].statements[subject]
        confidence[place] = statement.confidence
        regime[place] = codes.get(statement.regime, _NOWHERE)
        if statement.policy is not None:
            policy[place] = statement.policy
    return _Said(confidence, regime, policy)


def _judged(said: _Said, memory: StrategicMemory, in_force: IndexColumn) -> Calibration:
    trades = memory.trades
    # All statements under one key are about a policy, or none is.
    by_policy = bool((said.policy >= 0).any())
    group = trades.regime * (len(Policy) + 1) + trades.policy + 1 if by_policy else trades.regime
    about = (in_force >= 0) & ~np.isnan(said.confidence[in_force]) & (said.regime[in_force] == trades.regime)
    if by_policy:
        about &= said.policy[in_force] == trades.policy
    order = np.lexsort((trades.opened_ms, group))
    starts = run_starts(group[order], about[order])
    return judged_by_runs(said.confidence[in_force[order[starts]]], starts, trades.pnl[order])
