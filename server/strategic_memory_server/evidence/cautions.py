"""What the reader of an estimate has to know before trusting it."""

from __future__ import annotations

import enum
from collections.abc import Sequence


class Caution(enum.Enum):
    """A stable name for each."""

    NOTHING_SEEN = "NOTHING_SEEN"
    """There are no observations at all: everything said is the prior."""

    REGIME_NOT_SEEN = "REGIME_NOT_SEEN"
    """There are none of this regime: everything said of it is inferred from the others."""

    ONE_POLICY_ONLY = "ONE_POLICY_ONLY"
    """All observations are of one policy: nothing has been compared, and following the advice will not change that."""

    ONE_POLICY_IN_REGIME = "ONE_POLICY_IN_REGIME"
    """All observations of this regime are of one policy: the others are inferred from other regimes."""

    NEVER_CONSERVATIVE = "NEVER_CONSERVATIVE"
    """CONSERVATIVE was never observed in this regime: what the others are compared with is inferred."""


def cautions_of(in_regime: Sequence[int], overall: Sequence[int]) -> tuple[Caution, ...]:
    """Name what limits an estimate.

    Args:
        in_regime: observations of each policy in the regime.
        overall: observations of each policy in all regimes.
    """
    if not any(overall):
        return (Caution.NOTHING_SEEN,)
    found = []
    if _only_one(overall):
        found.append(Caution.ONE_POLICY_ONLY)
    if not any(in_regime):
        found.append(Caution.REGIME_NOT_SEEN)
    elif _only_one(in_regime):
        found.append(Caution.ONE_POLICY_IN_REGIME)
    if any(in_regime) and not in_regime[0]:
        found.append(Caution.NEVER_CONSERVATIVE)
    return tuple(found)


def _only_one(counts: Sequence[int]) -> bool:
    return sum(count > 0 for count in counts) == 1
