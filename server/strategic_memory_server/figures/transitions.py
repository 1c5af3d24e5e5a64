"""How regimes follow each other: counts and smoothed probabilities between neighbouring observations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.columns.distinct import distinct

PRIOR_TRANSITIONS = 0.5
"""Transitions of each kind that are taken to have been seen beforehand: the prior of Jeffreys."""

MAX_REGIMES = 256
"""Most regimes that there is a matrix for: names come from other programs, and the matrix grows with their square."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """Steps between neighbouring observations. Rows are where a step leads from, columns where it leads to.

    Attributes:
        regimes: codes of the regimes that occur, ascending: the order of rows and columns.
        counts: steps that were seen.
        probabilities: smoothed probabilities of the next regime, each row adding up to 1; a row is None where nothing
            followed the regime and the prior is 0.
        prior: transitions of each kind that were added to the counts.
    """

    regimes: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    probabilities: tuple[tuple[float, ...] | None, ...]
    prior: float


def transitions(regime: IndexColumn, prior: float = PRIOR_TRANSITIONS) -> Transitions | None:
    """Estimate the transition matrix of a Markov chain; None with more than 256 regimes.

    (n_ij + a) / (n_i + a k): the posterior mean under a symmetric Dirichlet(a) prior on each row, k the number of
    regimes that occur. a = 1/2 is the prior of Jeffreys (R. E. Krichevsky and V. K. Trofimov 1981, "The performance of
    universal encoding", IEEE Trans. Inf. Theory 27); a = 0 gives the relative frequencies (T. W. Anderson and L. A.
    Goodman 1957, "Statistical inference about Markov chains", Ann. Math. Statist. 28).

    Args:
        regime: code of the regime of each observation, oldest first.
        prior: a, finite and at least 0.
    """
    regimes = distinct(regime)
    codes, place = regimes.found, regimes.place
    if codes.size > MAX_REGIMES:
        _check(prior)
        return None
    pairs = np.bincount(place[:-1] * codes.size + place[1:], minlength=codes.size**2)
    return from_counts(codes, pairs.reshape(codes.size, codes.size), prior)


def from_counts(regimes: IndexColumn, counts: IndexColumn, prior: float = PRIOR_TRANSITIONS) -> Transitions:
    """Estimate the matrix from counted steps; see `transitions`.

    Args:
        regimes: codes of the regimes that occur, ascending.
        counts: steps between them, shape (regimes, regimes).
        prior: a, finite and at least 0.
    """
    _check(prior)
    sums = counts.sum(axis=1) + prior * regimes.size
    rows = [
        tuple(((row + prior) / total).tolist()) if total else None
        for row, total in zip(counts, sums.tolist(), strict=True)
    ]
    return Transitions(tuple(regimes.tolist()), tuple(tuple(row) for row in counts.tolist()), tuple(rows), prior)


def _check(prior: float) -> None:
    if not (prior >= 0.0 and math.isfinite(prior)):
        raise ValueError(f"prior is {prior}; give a finite number, at least 0")
