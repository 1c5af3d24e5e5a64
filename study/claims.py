"""Whether what is said to be likely happens as often as it is said, where worlds change and labels err.

Worlds as in `calibration.py` (means drawn from the prior, policies at random, 4,000 observations), with the default
settings:

| worlds | what is true at the end |
| --- | --- |
| still | nothing has changed |
| with changes | before each observation, with probability 1/500, the means of its regime were drawn anew |
| 20 % mislabelled | nothing has changed; one label in five, drawn at random, is that of another regime |

All regimes are asked about at the end, in half of the worlds for each row. The rows beside them are those of
`noise.py` in still worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.calibration import Truths, calibration_error
from study.histories import Codes
from study.learners import KNOWN_LIMITS, LEARNERS, Learner
from study.made_worlds import MISLABELLED, mislabelled
from study.mixed_worlds import MixedWorlds, change, mixed_worlds
from study.noise import carried_over, clustered, crashing, normal, student_t3
from study.options import Options
from study.row import Hold, Row, at_least, at_most
from study.worlds import POLICIES, REGIMES, regime_paths, share

OBSERVATIONS = 4_000
_WORLDS_DIVISOR = 2
_NO_HOLD: Mapping[str, Hold | None] = {"": None}


@dataclass(frozen=True, slots=True)
class Case:
    """How the observations of the worlds come about, and what figures are held to.

    Attributes:
        name: of the worlds.
        error: bound of the calibration error; None: none.
        covers: whether the coverage is held to 0.88 to 0.94.
        changes: probability before each observation that its regime changes.
        wrong: share of labels that are wrong.
        noise: how pnl spreads.
    """

    name: str
    error: float | None = None
    covers: bool = False
    changes: float = 0.0
    wrong: float = 0.0
    noise: Callable[[np.random.Generator, int, int], Floats] = normal


CASES = (
    Case("still", error=0.02, covers=True),
    Case("with changes", error=0.02, covers=True, changes=1.0 / 500.0),
    Case("20 % mislabelled", error=0.03, wrong=MISLABELLED),
    Case("t3 tails", noise=student_t3),
    Case("crash policy", noise=crashing),
    Case("volatility clusters", noise=clustered),
    Case("AR(1) 0.3", noise=carried_over),
)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was seen in some worlds, and what is true at the end; shape (worlds, length) but for `worlds`."""

    labels: Codes
    policies: Codes
    pnl: Floats
    worlds: MixedWorlds


def rows(options: Options) -> list[Row]:
    """Measure calibration of P(best) and coverage of the 90 % interval in each kind of worlds."""
    return [row for case in CASES for row in _rows(options, case)]


def _rows(options: Options, case: Case) -> list[Row]:
    made = record(options.generator(f"claims {case.name}"), options.share_of_worlds(_WORLDS_DIVISOR), case)
    settings, found = EvidenceSettings(), []
    for name, make in LEARNERS.items():
        learner = make(len(made.labels), REGIMES, settings)
        learn(learner, made)
        said, covered = claims(learner, made, settings)
        happened = happens(made.worlds, settings.risk_aversion)
        found += _rows_of(case, calibration_error(options.generator("bootstrap"), said, happened), share(covered), name)
    return found


def _rows_of(case: Case, error: tuple[float, float], coverage: tuple[float, float], learner: str) -> list[Row]:
    limit, holds = KNOWN_LIMITS[learner], _NO_HOLD
    if case.covers:
        holds = {", at least": at_least(0.88), ", at most": at_most(0.94)}
    return [
        Row(
            f"calibration error of P(best), {case.name}",
            error[0],
            None if case.error is None else at_most(case.error),
            error[1],
            limit=limit,
            learner=learner,
        ),
        *(
            Row(
                f"coverage of the 90 % interval, {case.name}{side}",
                coverage[0],
                hold,
                coverage[1],
                limit=limit,
                learner=learner,
            )
            for side, hold in holds.items()
        ),
    ]


def record(generator: np.random.Generator, worlds: int, case: Case) -> Record:
    """Make worlds and what is seen of them."""
    made = mixed_worlds(generator, worlds, EvidenceSettings().prior_spreads)
    regimes, each = regime_paths(generator, worlds, OBSERVATIONS), np.arange(worlds)
    policies = generator.integers(0, POLICIES, regimes.shape)
    noise, pnl = case.noise(generator, worlds, OBSERVATIONS), np.empty(regimes.shape)
    changed = generator.random(regimes.shape) < case.changes
    for step in range(OBSERVATIONS):
        where = np.flatnonzero(changed[:, step])
        if where.size:
            change(generator, made, (where, regimes[where, step]))
        at = each, regimes[:, step], policies[:, step]
        pnl[:, step] = made.mean[at] + made.spread[at] * noise[each, step, policies[:, step]]
    return Record(mislabelled(generator, regimes, case.wrong) if case.wrong else regimes, policies, pnl, made)


def learn(learner: Learner, made: Record) -> None:
    """Tell a learner everything that was seen."""
    for step in range(OBSERVATIONS):
        learner.observe(made.labels[:, step], made.policies[:, step], made.pnl[:, step])


def claims(learner: Learner, made: Record, settings: EvidenceSettings) -> tuple[Floats, Truths]:
    """Return P(best), and whether the true mean is in its 90 % interval; shape (worlds, regimes, policies) each."""
    said, covered = np.empty(made.worlds.theta.shape), np.empty(made.worlds.theta.shape, dtype=np.bool_)
    for regime in range(REGIMES):
        figures = learner.figures(np.full(len(said), regime))
        unit, (low, high) = figures.scale.unit[:, None], figures.interval
        true = made.worlds.mean[:, regime]
        said[:, regime] = judge(figures, settings).best[:, 0]
        covered[:, regime] = (unit * low[:, 0] <= true) & (true <= unit * high[:, 0])
    return said, covered


def happens(worlds: MixedWorlds, risk_aversion: float) -> Truths:
    """Say which policy truly is the best one; shape (worlds, regimes, policies)."""
    truths: Truths = np.arange(POLICIES) == worlds.best(risk_aversion)[..., None]
    return truths
