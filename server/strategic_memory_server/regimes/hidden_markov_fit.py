"""Fits a hidden Markov model of returns. hmmlearn (the extra `regimes`) does the work."""

from __future__ import annotations

import logging

import numpy as np
from hmmlearn.hmm import GaussianHMM

from strategic_memory_server.regimes.gaussian_states import Floats, GaussianStates

STAYS = 0.97
"""Probability to stay in a state that the first fit begins with."""

ITERATIONS = 50
TOLERANCE = 1e-3
"""A fit ends when the log likelihood of a return grows by less, or after so many iterations."""

LEAST_SPREAD = 1e-12
"""Returns that are closer to each other differ by rounding alone, as of what accrues interest."""

# It warns where the likelihood falls by a rounding error.
logging.getLogger("hmmlearn").setLevel(logging.ERROR)


def fit_states(changes: Floats, k: int, start: GaussianStates | None) -> GaussianStates:
    """Fit k states to returns by expectation maximisation, beginning with `start`, or else with calm to wild ones.

    Nothing in it is random: the same returns give the same model.
    """
    centre, scale = float(np.mean(changes)), _spread(changes)
    begin = start or _first_guess(changes, k)
    model = GaussianHMM(k, covariance_type="diag", init_params="", n_iter=ITERATIONS, tol=TOLERANCE * len(changes))
    model.startprob_ = np.full(k, 1.0 / k)
    model.transmat_ = begin.transitions
    model.means_ = ((begin.means - centre) / scale)[:, None]
    model.covars_ = np.maximum((begin.deviations / scale)[:, None] ** 2, 1e-4)
    model.fit(((changes - centre) / scale)[:, None])
    # A state that no return is left for has a row of zeros.
    rows = model.transmat_.sum(axis=1, keepdims=True)
    transitions = np.where(rows > 0.0, model.transmat_ / np.where(rows > 0.0, rows, 1.0), 1.0 / k)
    deviations = np.sqrt(np.asarray(model.covars_).reshape(k, -1)[:, 0])
    fitted = GaussianStates(model.means_[:, 0] * scale + centre, deviations * scale, transitions)
    # A state that no return is left for has no mean, and makes all others none.
    return fitted if np.isfinite([*fitted.means, *fitted.deviations]).all() else begin


def _spread(changes: Floats) -> float:
    return max(float(np.std(changes)), LEAST_SPREAD)


def _first_guess(changes: Floats, k: int) -> GaussianStates:
    spread = _spread(changes)
    means = np.mean(changes) + spread * np.linspace(0.1, -0.1, k)
    transitions = np.full((k, k), (1.0 - STAYS) / max(k - 1, 1))
    np.fill_diagonal(transitions, STAYS if k > 1 else 1.0)
    return GaussianStates(means, spread * np.geomspace(0.6, 2.0, k), transitions)
