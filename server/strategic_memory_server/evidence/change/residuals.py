"""How much the results of a regime depend on the one before: what a trade missed or won beside what was expected of it.

Results that carry over into the next one wander about their mean for longer than chance alone would let them, which
looks like a change. n of them that follow an autoregression of order 1 tell no more about their mean than
n (1 - r) / (1 + r) that do not (Bayley and Hammersley, JRSS Suppl. 8, 1946), so in looking for change they count as so
many.
"""

from __future__ import annotations

import math
from typing import NamedTuple

FARTHEST = 3.0
"""Spreads at which a residual is cut off: one crash does not decide."""

MOST_CARRIED = 0.8
"""The largest autocorrelation that is taken for true."""


class Residuals(NamedTuple):
    """Sums of the residuals of a regime, in spreads of their policies; nothing of them is forgotten.

    Attributes:
        newest: residual of the newest trade.
        squares: sum of the squares.
        products: sum of each times the one before.
    """

    newest: float = 0.0
    squares: float = 0.0
    products: float = 0.0


NO_RESIDUALS = Residuals()


def with_residual(residuals: Residuals, newest: float) -> Residuals:
    """Return the sums with the residual of the newest trade, which is cut off where it is too far out."""
    before, squares, products = residuals
    newest = min(max(newest, -FARTHEST), FARTHEST)
    return Residuals(newest, squares + newest * newest, products + newest * before)


def joined_residuals(earlier: Residuals, later: Residuals) -> Residuals:
    """Return the sums of two stretches of history."""
    return Residuals(
        later.newest if later.squares else earlier.newest,
        earlier.squares + later.squares,
        earlier.products + later.products,
    )


def share_that_tells(residuals: Residuals) -> float:
    """Return what an observation counts for in looking for change, from 1/9 to 1.

    The autocorrelation is taken to be r = products / squares less its standard error, about 1 / sqrt(squares), and
    never below 0: chance in independent results costs nothing.
    """
    _, squares, products = residuals
    if squares < 1.0:
        return 1.0
    carried = min(max(products / squares - 1.0 / math.sqrt(squares), 0.0), MOST_CARRIED)
    return (1.0 - carried) / (1.0 + carried)
