"""How often CONSERVATIVE is left where nothing is to be gained.

Worlds: all policies have the same mean pnl in every regime; 3,000 observations, regimes follow a Markov chain that
stays with probability 0.98, policies are drawn at random. Every tenth observation (when short, every thirtieth) the
estimator is asked about the current regime; the figure is the share of these queries, over all worlds, in which it
recommends another policy than CONSERVATIVE. A fifth of the worlds is made for each row. The common mean is 0, 0.05 and
0.1, at the default decay and without any.

An exact tie is not among the things that the prior expects. As evidence about two equal policies grows, the probability
that one beats the other becomes uniform, as it must, so a threshold of 0.8 would be passed a fifth of the time in the
end; the prior holds that back while evidence is thin, less so the further the common mean is from 0 (a larger tau then
explains it better), and the decay keeps evidence thin. So the rows with the largest mean and those without decay may
fall short, and are shown as what they are: a limit of the estimator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.comparisons import probability_beats_conservative
from strategic_memory_server.evidence.figures import figures_of
from strategic_memory_server.evidence.recommendation import recommended
from strategic_memory_server.evidence.settings import STRICT_PROBABILITY, EvidenceSettings
from study.histories import Codes, Histories
from study.options import Options
from study.row import Row, at_most
from study.worlds import POLICIES, REGIMES, regime_paths, share

OBSERVATIONS = 3_000
_EVERY, _EVERY_WHEN_SHORT = 10, 30
_EQUAL, _UNEQUAL = (1.0, 1.0, 1.0), (0.3, 1.0, 1.5)
_MEANS = (0.0, 0.05, 0.1)
_EXPECTED_TO_HOLD = (0.0, 0.05)
_LIMIT = "known limit: an exact tie"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of world: the mean of every policy, the spread of each, and how the estimator is set."""

    mean: float
    spreads: tuple[float, float, float]
    settings: EvidenceSettings

    @property
    def name(self) -> str:
        """What it is called in the table."""
        spreads = ", ".join(f"{spread:g}" for spread in self.spreads)
        forgets = "" if self.settings.decay < 1.0 else ", no decay"
        return (
            f"equal policies, mean {self.mean:g}, spreads {spreads}, "
            f"threshold {self.settings.required_probability:g}{forgets}: leaves CONSERVATIVE"
        )


def rows(options: Options) -> list[Row]:
    """Measure equal spreads at the default threshold, and unequal ones at the strict one."""
    required = EvidenceSettings().required_probability
    return [
        _row(options, Case(mean, spreads, EvidenceSettings(decay=decay, required_probability=probability)))
        for decay in (EvidenceSettings().decay, 1.0)
        for spreads, probability in ((_EQUAL, required), (_UNEQUAL, STRICT_PROBABILITY))
        for mean in _MEANS
    ]


def _row(options: Options, case: Case) -> Row:
    measured, error = share(_leaves(options, case))
    limit = "" if case.settings.decay < 1.0 and case.mean in _EXPECTED_TO_HOLD else _LIMIT
    return Row(case.name, measured, at_most(0.02), error, limit=limit)


def _leaves(options: Options, case: Case) -> Floats:
    """Say for each world and query whether another policy was recommended."""
    generator, worlds = options.generator(case.name), options.share_of_worlds(5)
    every = _EVERY_WHEN_SHORT if options.short else _EVERY
    regimes = regime_paths(generator, worlds, OBSERVATIONS)
    policies = generator.integers(0, POLICIES, regimes.shape)
    pnl = case.mean + np.array(case.spreads)[policies] * generator.standard_normal(regimes.shape)
    histories = Histories(worlds, REGIMES, case.settings.decay)
    leaves = []
    for step in range(OBSERVATIONS):
        histories.observe(regimes[:, step], policies[:, step], pnl[:, step])
        if step % every == every - 1:
            leaves.append(recommended_now(histories, regimes[:, step], case.settings) != 0)
    return np.stack(leaves, axis=1).astype(np.float64)


def recommended_now(histories: Histories, regime: Codes, settings: EvidenceSettings) -> Codes:
    """Return the recommendation for the current regime of each world; what `judge` gives, without P(best)."""
    figures = figures_of(histories.cells(), settings)
    beats = probability_beats_conservative(figures.utility, figures.posterior)
    of_all = recommended(figures.utility.mean, beats, figures.weight, settings)
    return of_all[np.arange(len(regime)), regime]
