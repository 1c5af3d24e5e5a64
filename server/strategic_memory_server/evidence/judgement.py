"""What follows from the figures: probabilities and the recommended policy, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.evidence.best_policy import probability_best
from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.comparisons import probability_beats_conservative, probability_mean_positive
from strategic_memory_server.evidence.figures import Figures
from strategic_memory_server.evidence.recommendation import Choices, recommended
from strategic_memory_server.evidence.settings import EvidenceSettings


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Probabilities of each regime's policies, and which one to follow.

    Attributes:
        best: that a policy has the highest utility, shape (..., regimes, 3).
        beats_conservative: that BALANCED and AGGRESSIVE have a higher one than CONSERVATIVE, shape (..., regimes, 2).
        mean_positive: that the mean pnl is above 0, shape (..., regimes, 3).
        recommended: the policy to follow, shape (..., regimes).
    """

    best: Floats
    beats_conservative: Floats
    mean_positive: Floats
    recommended: Choices


def judge(figures: Figures, settings: EvidenceSettings) -> Judgement:
    """Work out the probabilities and the recommendation of every regime of the figures."""
    beats_conservative = probability_beats_conservative(figures.utility, figures.posterior)
    return Judgement(
        best=probability_best(figures.utility, figures.posterior.tau_weights),
        beats_conservative=beats_conservative,
        mean_positive=probability_mean_positive(figures.posterior),
        recommended=recommended(figures.utility.mean, beats_conservative, figures.counted, settings),
    )
