"""The policies of one regime, whose standardised means have a covariance of two numbers: everything in closed form.

theta ~ N(0, H) with H = c J + o I, J all ones, and observations with weight W and scaled sum b = S1/sigma. With
d = 1 + o W, u = W/d, e = 1/d and s = c / (1 + c sum u), by the formula of Sherman and Morrison (derived here):

    A = (H + W^-1)^-1 = diag(u) - s u u'
    (I - A H) b = e b - s (sum e b) u
    (H^-1 + W)^-1 = diag(o e) + s e e'
    (I + H W)^-1 = diag(e) - s e u'
    log evidence = (o sum b^2/d + s (sum b/d)^2 - sum ln d - ln(1 + c sum u)) / 2

None of them takes one large number from another: they hold for no trade and for millions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn


@dataclass(frozen=True, slots=True, eq=False)
class OneRegime:
    """What observations say of the means of a regime; shape (..., 3), but for those without policies, (...).

    Attributes:
        own: o.
        scaled_sum: b.
        left: e, the share of what was believed before that is left.
        information: u.
        common: s.
        explained: sum of e b over the policies.
        log_evidence: log of the density of the observations, up to a constant that depends on them alone.
    """

    own: FloatColumn
    scaled_sum: FloatColumn
    left: FloatColumn
    information: FloatColumn
    common: FloatColumn
    explained: FloatColumn
    log_evidence: FloatColumn


def one_regime(weight: FloatColumn, scaled_sum: FloatColumn, common: FloatColumn, own: FloatColumn) -> OneRegime:
    """Work out what observations say, for some covariances.

    Args:
        weight: W, shape (..., 3).
        scaled_sum: b, same shape.
        common: c, shape (...) or one that broadcasts to it.
        own: o, same shape.
    """
    own = own[..., None]
    widened = 1.0 + own * weight
    left = 1.0 / widened
    information, expected = weight * left, scaled_sum * left
    widened_common = 1.0 + common * information.sum(axis=-1)
    share, explained = common / widened_common, expected.sum(axis=-1)
    squares = (own * expected * scaled_sum).sum(axis=-1) + share * np.square(explained)
    log_evidence = 0.5 * (squares - np.log(widened.prod(axis=-1) * widened_common))
    return OneRegime(own, scaled_sum, left, information, share, explained, log_evidence)
