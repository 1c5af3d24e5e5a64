"""What the evidence has said over a record: the service's own figures and judgement, of many moments at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from strategic_memory_server.evidence.cells import Cells
from strategic_memory_server.evidence.change.blocks import NO_TRADES, Blocks, block_cells
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, next_trial, optimistic_worth
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED, OTHER_REGIME
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.replay.courses import running_sums
from strategic_memory_server.replay.courses.course import FIELDS, Advised, Course, Decision, decision_points
from strategic_memory_server.replay.courses.running_sums import RunningBlocks, RunningSums, SumsApart
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Progress, Record

REGIMES_AT_ONCE = 4_096
"""So many regimes, of all moments together, are judged at once."""

_NOTHING_SEEN: running_sums.CellValues = [0.0] * 9

_NO_ADVICE = Advised(Policy.CONSERVATIVE, False, 0.0, -1, (1.0 / len(Policy),) * len(Policy))
"""Where no regime is known a service says nothing of the one that is present, whatever such trades have earned."""


class PointInTime(NamedTuple):
    """What was known at one moment.

    Attributes:
        place: place in the record before which it was known.
        regime: index of the regime that was present; -1 without any.
        cells: the sums of the regimes that had been seen, in the order of their names.
        blocks: their blocks, where change is looked for; nothing elsewhere.
        row: place of the present regime among these; after the last one where it had not been seen.
        observations: observations of the present regime.
    """

    place: int
    regime: int
    cells: list[running_sums.CellValues]
    blocks: list[Blocks]
    row: int
    observations: int


class EvidenceAnswer(NamedTuple):
    """What the evidence says of the regime that is present; the last three are by policy.

    Attributes:
        recommended: the policy to follow.
        probability_best: that a policy has the highest utility.
        mean_positive: that its mean pnl is above 0.
        optimistic: what it may turn out to be worth.
    """

    recommended: int
    probability_best: list[float]
    mean_positive: list[float]
    optimistic: list[float]


class EvidenceMoments:
    """Walks over a record. The regime that is present is that of the newest observation, or trade where none is.

    The sums take in every trade with a policy, whatever the cadence of the decisions, but for those whose id was seen
    before.

    Args:
        record: what it walks over.
        settings: how evidence is weighed.
        max_regimes: regimes that are kept apart; the others are OTHER.
    """

    def __init__(self, record: Record, settings: EvidenceSettings, max_regimes: int = MAX_REGIMES) -> None:
        entries = record.entries
        self._names = tuple(dict.fromkeys((*record.regime_names, OTHER_REGIME)))
        self._entries = entries
        self._trades = np.flatnonzero((entries.kind == Kind.TRADE) & (entries.policy >= 0))
        self._seen = np.flatnonzero(entries.kind == record.regime_kind)
        self._taken = 0
        self._sums: RunningSums | SumsApart
        if len(record.regime_names) > max_regimes:
            self._sums = SumsApart(settings, self._names, max_regimes)
        else:
            self._sums = RunningBlocks(settings.decay) if settings.change else RunningSums(settings.decay)
        self._rows: dict[int, int] = {}

    @property
    def regimes(self) -> int:
        """Number of regimes that had been seen at the last moment."""
        return len(self._rows)

    def before(self, place: int) -> PointInTime:
        """Return what was known before the entry at a place, after the last one asked for."""
        end = int(np.searchsorted(self._trades, place))
        trades, self._taken = self._trades[self._taken : end], end
        entries, sums = self._entries, self._sums
        sums.add(entries.regime[trades].tolist(), entries.policy[trades].tolist(), entries.pnl[trades].tolist())
        if sums.cells.keys() != self._rows.keys():
            ordered = sorted(sums.cells, key=self._names.__getitem__)
            self._rows = {regime: row for row, regime in enumerate(ordered)}
        seen = int(np.searchsorted(self._seen, place))
        regime = int(entries.regime[self._seen[seen - 1]]) if seen else -1
        return PointInTime(
            place,
            regime,
            [sums.cells[each] for each in self._rows],
            [sums.blocks[each] for each in self._rows] if sums.blocks else [],
            self._rows.get(regime, len(self._rows)),
            sums.observations.get(regime, 0),
        )


def said_at(moments: Sequence[PointInTime], settings: EvidenceSettings) -> list[EvidenceAnswer]:
    """Say what the evidence says at some moments, each by itself: what `evidence.estimator` would, to the last bit."""
    alike: dict[tuple[int, int], list[int]] = {}
    for number, moment in enumerate(moments):
        alike.setdefault((len(moment.cells), moment.row), []).append(number)
    found: dict[int, EvidenceAnswer] = {}
    for (regimes, row), numbers in alike.items():
        figures = _figures([moments[number] for number in numbers], regimes, settings).of_regimes([row])
        judgement, utility = judge(figures, settings), figures.utility
        unit = figures.scale.unit[:, None]
        worth, deviation = unit * utility.mean[:, 0], unit * utility.deviation[:, 0]
        optimistic = optimistic_worth(worth, deviation, settings.exploration_width)
        columns = (judgement.recommended[:, 0], judgement.best[:, 0], judgement.mean_positive[:, 0], optimistic)
        of_moments = zip(*(column.tolist() for column in columns), strict=True)
        found |= {number: EvidenceAnswer(*said) for number, said in zip(numbers, of_moments, strict=True)}
    return [found[number] for number in range(len(moments))]


def _figures(alike: Sequence[PointInTime], regimes: int, settings: EvidenceSettings) -> Figures | ChangeFigures:
    """Work out the figures of moments at which as many regimes had been seen."""
    # One that was never seen stands for every regime without observations.
    held = np.array([[*moment.cells, _NOTHING_SEEN] for moment in alike], dtype=np.float64)
    values = held.reshape(len(alike), regimes + 1, len(Policy), -1)
    cells = Cells(values[..., 0], values[..., 1], values[..., 2])
    if not settings.change:
        return figures_of(cells, settings)
    blocks = block_cells([each for moment in alike for each in (*moment.blocks, NO_TRADES)])
    return ChangeFigures(cells, blocks.reshaped(len(alike), regimes + 1), settings)


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceCourses:
    """What comes of the evidence.

    Attributes:
        recommended: what it recommends.
        exploring: what is followed where policies are explored; elsewhere what it recommends.
    """

    recommended: Course
    exploring: Course


def evidence_courses(
    record: Record, settings: EvidenceSettings, every: int, progress: Progress, max_regimes: int = MAX_REGIMES
) -> EvidenceCourses:
    """Judge the current regime at each decision point, and after the last entry.

    Args:
        record: what happened.
        settings: how evidence is weighed, and how policies are explored.
        every: entries from one decision to the next.
        progress: told how much is done, 0 to 1.
        max_regimes: regimes that are kept apart; the others are OTHER.
    """
    walk, exploration = EvidenceMoments(record, settings, max_regimes), NOTHING_TRIED
    recommended: list[Decision] = []
    exploring: list[Decision] = []
    moments: list[PointInTime] = []
    times = [*record.entries.time_ms.tolist(), record.last_time_ms]
    for place in [*decision_points(record.entries.time_ms, every).tolist(), len(record)]:
        moments.append(walk.before(place))
        if place < len(record) and len(moments) * (walk.regimes + 1) < REGIMES_AT_ONCE:
            continue
        for moment, said in zip(moments, said_at(moments, settings), strict=True):
            at, one, other = (moment.place, times[moment.place]), _NO_ADVICE, _NO_ADVICE
            if moment.regime >= 0 and (name := record.regime_names[moment.regime]) not in NEVER_PREFERRED:
                policy, exploration = next_trial(
                    exploration, name, moment.observations, said.optimistic, settings.trial_hold
                )
                one, other = _advised(moment, said, said.recommended), _advised(moment, said, policy)
            recommended.append((*at, *one))
            exploring.append((*at, *other))
        moments = []
        progress(place / len(record))
    return EvidenceCourses(
        Course(every, np.array(recommended, dtype=FIELDS), has_probabilities=True),
        Course(every, np.array(exploring, dtype=FIELDS), has_probabilities=True),
    )


def _advised(moment: PointInTime, said: EvidenceAnswer, policy: int) -> Advised:
    return Advised(policy, True, said.mean_positive[policy], moment.regime, tuple(said.probability_best))
