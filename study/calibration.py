"""Whether what is said to be likely happens as often as it is said.

Worlds: `mixed_worlds.py`; regimes follow a Markov chain that stays with probability 0.98, policies are drawn at random,
2,000 observations a world, nothing is forgotten, pnl is normal. Truth is the true utility, with the true spreads. The
rows without a hold show the same at the default decay, and without decay for heavy tails (Student's t with 3 degrees of
freedom, of the same variance) and for policies of which one is used nine times out of ten.

Expected calibration error: over ten bins of equal width of what was said (all policies and regimes), the mean distance
between what was said and what was true, weighed by how often it was said (Naeini et al., AAAI 2015); its standard error
is taken from 50 bootstrap samples of worlds. Few worlds make it larger, since noise in a bin counts as distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Cells, Floats
from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.judgement import judge
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Histories
from study.mixed_worlds import MixedWorlds, mixed_worlds
from study.options import Options
from study.row import Direction, Hold, Row, at_least, at_most
from study.worlds import POLICIES, REGIMES, regime_paths, share

OBSERVATIONS = 2_000
_BINS, _BOOTSTRAP_SAMPLES = 10, 50
_EVEN, _LOPSIDED = (1 / 3, 1 / 3, 1 / 3), (0.9, 0.05, 0.05)

Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Case:
    """How the observations of the worlds are made, and the decay that the estimator is set to."""

    name: str
    decay: float = 1.0
    heavy_tails: bool = False
    used: tuple[float, float, float] = _EVEN


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures, each with its standard error."""

    calibration_error: tuple[float, float]
    covered: tuple[float, float]
    found: tuple[float, float]
    claimed: tuple[float, float]


_HELD = Case("mixed worlds")
_BESIDE = (
    Case("default decay", decay=EvidenceSettings().decay),
    Case("heavy tails", heavy_tails=True),
    Case("CONSERVATIVE nine times of ten", used=_LOPSIDED),
)


def rows(options: Options) -> list[Row]:
    """Measure calibration of P(best) and coverage of the 90 % interval."""
    held = _measure(options, _HELD)
    return [
        Row(
            "calibration error of P(best), mixed worlds",
            held.calibration_error[0],
            at_most(0.03),
            held.calibration_error[1],
        ),
        Row("coverage of the 90 % interval, at least", held.covered[0], at_least(0.87), held.covered[1]),
        Row("coverage of the 90 % interval, at most", held.covered[0], Hold(Direction.AT_MOST, 0.92), held.covered[1]),
        *_found_rows(_HELD, held),
        *(row for case in _BESIDE for row in _beside(case, _measure(options, case))),
    ]


def _beside(case: Case, measured: Measured) -> list[Row]:
    return [
        Row(
            f"calibration error of P(best), {case.name}",
            measured.calibration_error[0],
            None,
            measured.calibration_error[1],
        ),
        Row(f"coverage of the 90 % interval, {case.name}", measured.covered[0], None, measured.covered[1]),
        *_found_rows(case, measured),
    ]


def _found_rows(case: Case, measured: Measured) -> list[Row]:
    return [
        Row(f"likeliest policy is the best, {case.name}", measured.found[0], None, measured.found[1]),
        Row(f"probability said of it, {case.name}", measured.claimed[0], None, measured.claimed[1]),
    ]


def _measure(options: Options, case: Case) -> Measured:
    generator, settings = options.generator(f"calibration {case.name}"), EvidenceSettings(decay=case.decay)
    worlds = mixed_worlds(generator, options.worlds, settings.prior_spreads)
    figures = figures_of(_observed(generator, worlds, case), settings)
    said, best = judge(figures, settings).best, worlds.best(settings.risk_aversion)
    unit, (low, high) = figures.scale.unit[:, None, None], figures.interval
    return Measured(
        calibration_error=calibration_error(generator, said, np.arange(POLICIES) == best[..., None]),
        covered=share((unit * low <= worlds.mean) & (worlds.mean <= unit * high)),
        found=share(said.argmax(axis=-1) == best),
        claimed=share(said.max(axis=-1)),
    )


def _observed(generator: np.random.Generator, worlds: MixedWorlds, case: Case) -> Cells:
    count = len(worlds.theta)
    regimes = regime_paths(generator, count, OBSERVATIONS)
    policies = generator.choice(POLICIES, size=regimes.shape, p=case.used)
    histories, each = Histories(count, REGIMES, case.decay), np.arange(count)
    for step in range(OBSERVATIONS):
        at = each, regimes[:, step], policies[:, step]
        histories.observe(at[1], at[2], worlds.mean[at] + worlds.spread[at] * _noise(generator, count, case))
    return histories.cells()


def _noise(generator: np.random.Generator, count: int, case: Case) -> Floats:
    # A variable with Student's t distribution with 3 degrees of freedom has the variance 3.
    return generator.standard_t(3, count) / np.sqrt(3.0) if case.heavy_tails else generator.standard_normal(count)


def calibration_error(generator: np.random.Generator, said: Floats, happened: Truths) -> tuple[float, float]:
    """Return the expected calibration error and its standard error; worlds are the first axis."""
    worlds = len(said)
    samples = [generator.integers(0, worlds, worlds) for _ in range(_BOOTSTRAP_SAMPLES)]
    resampled = [_calibration_error(said[sample], happened[sample]) for sample in samples]
    return _calibration_error(said, happened), float(np.std(resampled, ddof=1))


def _calibration_error(said: Floats, happened: Truths) -> float:
    bins = np.minimum((said.ravel() * _BINS).astype(np.intp), _BINS - 1)
    claimed = np.bincount(bins, weights=said.ravel(), minlength=_BINS)
    came_true = np.bincount(bins, weights=happened.ravel().astype(np.float64), minlength=_BINS)
    return float(np.abs(claimed - came_true).sum() / said.size)
