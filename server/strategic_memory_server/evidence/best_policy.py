"""The probability that a policy is the best of the three in its regime."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.normal import cumulative
from strategic_memory_server.evidence.utility import Utility

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(32)
_FARTHEST = 40.0
"""Standard deviations beyond which a probability is 0 or 1 in 64 bits; nothing can overflow before."""

_SMALLEST = 1e-32

_DIFFERENCES = np.array([[1, -1, 0], [-1, 1, 0], [-1, 0, 1], [1, 0, -1], [0, 1, -1], [0, -1, 1]], dtype=np.float64)
"""Of each of the three policies to one of the others, then to the other one."""


def probability_best(utility: Utility, tau_weights: Floats) -> Floats:
    """The probability that each policy has the highest utility; shape (..., regimes, 3), the three add up to 1.

    A policy is the best when its differences to the other two are both positive, which is the orthant probability of
    two correlated normal values. The three are normalised for each tau, then weighed over tau.

    Args:
        utility: what each policy is worth, for each tau.
        tau_weights: probability of each tau, shape (..., taus, regimes).
    """
    covariance = _DIFFERENCES @ utility.covariance @ _DIFFERENCES.T
    deviation = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    standardised = utility.by_tau @ _DIFFERENCES.T / deviation
    shared = np.diagonal(covariance[..., :3, 3:], axis1=-2, axis2=-1)
    correlation = shared / (deviation[..., :3] * deviation[..., 3:])
    orthant = probability_both_positive(standardised[..., :3], standardised[..., 3:], correlation)
    normalised = orthant / orthant.sum(axis=-1, keepdims=True)
    probability: Floats = (tau_weights[..., None] * normalised).sum(axis=-3)
    return probability


def probability_both_positive(first: Floats, second: Floats, correlation: Floats) -> Floats:
    """The probability that two normal values of variance 1 are both positive, elementwise.

    With means h and k and correlation r = sin(a),

        Phi(h) Phi(k) + 1/(2 pi) integral from 0 to a of exp(-(h^2 + k^2 - 2 h k sin t) / (2 cos^2 t)) dt

    (Plackett, Biometrika 41, 1954, integrated as by Drezner and Wesolowsky, J. Stat. Comput. Simul. 35, 1990), here by
    32 Gauss-Legendre nodes: exact to 1e-8 up to |r| = 0.999, to 1e-6 up to 0.9999 and to 2e-4 beyond. An integral over
    the first value's density is off by up to 0.02 with as many nodes where spreads differ widely: its integrand has a
    step there.

    Args:
        first: means h of the one.
        second: means k of the other.
        correlation: r; rounding may have put it slightly outside of -1 to 1.
    """
    h, k = np.clip(first, -_FARTHEST, _FARTHEST), np.clip(second, -_FARTHEST, _FARTHEST)
    half_angle = 0.5 * np.arcsin(np.clip(correlation, -1.0, 1.0))
    angle = half_angle[..., None] * (1.0 + _NODES)
    half_squares, product, sine = 0.5 * (np.square(h) + np.square(k)), h * k, np.sin(angle)
    # cos^2, which takes as long as all the rest by a cosine; at a right angle it is 0 but for rounding.
    squared_cosine = np.maximum((1.0 - sine) * (1.0 + sine), _SMALLEST)
    exponent = (half_squares[..., None] - product[..., None] * sine) / squared_cosine
    integral = half_angle * (np.exp(-exponent) * _NODE_WEIGHTS).sum(axis=-1)
    probability: Floats = np.maximum(cumulative(h) * cumulative(k) + integral / (2.0 * np.pi), 0.0)
    return probability
