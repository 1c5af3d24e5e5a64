"""Calibration of past advice: whether what was said with a confidence came true as often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.figures.checks import check_length, check_probabilities
from strategic_memory_server.figures.interval import Interval
from strategic_memory_server.figures.win_rate import wilson_interval

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Statements whose confidence fell into one range.

    Attributes:
        low: lower end of the range, included.
        high: upper end, excluded but for 1.
        statements: how many there are.
        mean_confidence: mean confidence said; None without a statement.
        frequency: share of them that came true, 0 to 1; None without a statement.
        interval: 95 % interval of the frequency, of Wilson; None without a statement.
    """

    low: float
    high: float
    statements: int
    mean_confidence: float | None
    frequency: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence said against what then happened. Everything but the bins is None without a statement.

    Attributes:
        statements: how many were judged.
        base_rate: share that came true, 0 to 1.
        brier_score: mean of (confidence - outcome)^2, 0 (always right and sure) to 1; 0.25 for always saying 0.5.
        expected_calibration_error: mean over the statements of |mean confidence - frequency| of their bin, 0 to 1.
        bins: ranges of confidence of equal width, ascending: the points of a reliability diagram.
    """

    statements: int
    base_rate: float | None
    brier_score: float | None
    expected_calibration_error: float | None
    bins: tuple[ReliabilityBin, ...]


def calibration(confidence: FloatColumn, outcome: FloatColumn, bins: int = BINS) -> Calibration:
    """Judge statements by what happened.

    G. W. Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78; A. H.
    Murphy and R. L. Winkler (1977), "Reliability of subjective probability forecasts", Applied Statistics 26; M. P.
    Naeini, G. F. Cooper and M. Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian binning",
    AAAI.

    Args:
        confidence: probability that was said, 0 to 1.
        outcome: 1 where it came true, 0 where it did not.
        bins: number of ranges of confidence, at least 1.

    Raises:
        ValueError: a column holds what it may not, or they are not equally long; the message names it.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; give at least 1")
    _check(confidence, outcome)
    place = np.minimum(np.searchsorted(np.arange(bins + 1) / bins, confidence, side="right"), bins) - 1
    counts = np.bincount(place, minlength=bins).tolist()
    said = np.bincount(place, weights=confidence, minlength=bins).tolist()
    came_true = np.bincount(place[outcome == 1.0], minlength=bins).tolist()
    found = tuple(
        _bin(index, bins, count, total, successes)
        for index, (count, total, successes) in enumerate(zip(counts, said, came_true, strict=True))
    )
    statements = confidence.size
    if not statements:
        return Calibration(0, None, None, None, found)
    gaps = (abs(total - successes) for total, successes in zip(said, came_true, strict=True))
    return Calibration(
        statements=statements,
        base_rate=sum(came_true) / statements,
        brier_score=float(np.square(confidence - outcome).sum()) / statements,
        expected_calibration_error=sum(gaps) / statements,
        bins=found,
    )


def _check(confidence: FloatColumn, outcome: FloatColumn) -> None:
    check_probabilities("confidence", confidence)
    check_length("outcome", outcome, confidence.size)
    check_probabilities("outcome", outcome)
    between = (outcome != 0.0) & (outcome != 1.0)
    if between.any():
        index = int(np.argmax(between))
        raise ValueError(f"outcome[{index}] is {outcome[index]}; give 1 where it came true, 0 where it did not")


def _bin(index: int, bins: int, count: int, said: float, came_true: int) -> ReliabilityBin:
    low, high = index / bins, (index + 1) / bins
    if not count:
        return ReliabilityBin(low, high, 0, None, None, None)
    return ReliabilityBin(low, high, count, said / count, came_true / count, wilson_interval(came_true, count))
