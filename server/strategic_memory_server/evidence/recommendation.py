"""Which policy to follow in a regime, and how sure it is that it pays at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.comparisons import CHALLENGERS
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy

Choices = NDArray[np.intp]

_ROUNDING = 1e-9
"""Share by which equal utilities may differ: rounding is no reason to risk more."""

_EVEN = 0.5 + _ROUNDING
"""What was never compared with CONSERVATIVE beats it as likely as not: that is no evidence, whatever is asked for."""


def is_sure(beats_conservative: Floats, required_probability: float) -> NDArray[np.bool_]:
    """Tell whether a policy beats CONSERVATIVE surely enough; as likely as not is never enough.

    Args:
        beats_conservative: the probability that it does, any shape.
        required_probability: what is asked for.
    """
    return (beats_conservative >= required_probability) & (beats_conservative > _EVEN)


def recommended(utility: Floats, beats_conservative: Floats, weight: Floats, settings: EvidenceSettings) -> Choices:
    """Choose the policy with the highest utility among those with enough evidence; otherwise CONSERVATIVE.

    Of two with the same utility, the one that risks less; that goes for CONSERVATIVE, too.

    Args:
        utility: mean utility, shape (..., 3).
        beats_conservative: probability that each challenger beats CONSERVATIVE, shape (..., 2).
        weight: weight of the observations of each policy, shape (..., 3).
        settings: how much evidence is needed.
    """
    challengers = slice(CHALLENGERS[0], None)
    has_weight = weight[..., challengers] >= settings.minimum_weight
    enough = is_sure(beats_conservative, settings.required_probability) & has_weight
    candidates = np.where(enough, utility[..., challengers], -np.inf)
    highest = candidates.max(axis=-1, keepdims=True)
    best: Choices = CHALLENGERS[0] + np.argmax(candidates >= highest - _ROUNDING * np.abs(highest), axis=-1)
    return np.where(enough.any(axis=-1), best, np.intp(Policy.CONSERVATIVE))
