"""Features: advice as numbers for a learner, each with its bounds. docs/rl.md lists them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from strategic_memory_client.rl.held_advice import POLICIES, SAFE_ADVICE, HeldAdvice
from strategic_memory_client.values.results import FeedbackStatus

FEATURES_VERSIONS = (1, 2)
"""Each version that there was: none changes, so that what was trained on one goes on getting it."""

FEATURES_VERSION = FEATURES_VERSIONS[-1]
"""The newest. A feature that is added, goes or changes its meaning makes another."""

HIGHEST_LEVERAGE = 2.0
LOWEST_GUARD = 0.5
MOST_EFFECTIVE_TRADES = 1e6
OTHER = "OTHER"

_STATUSES = (FeedbackStatus.WARMING_UP, FeedbackStatus.ACTIVE, FeedbackStatus.STALE)

_PLACE_OF_POLICY = {policy: place for place, policy in enumerate(POLICIES, 2)}

Vector = NDArray[np.float32]


class Features:
    """The features for a list of regimes.

    Args:
        regimes: names that are told apart, in any case; every other one counts as OTHER.
        version: one of `FEATURES_VERSIONS`.

    Raises:
        ValueError: a name is none, or stands there twice; or there is no such version.
    """

    def __init__(self, regimes: Sequence[str], version: int = FEATURES_VERSION) -> None:
        if version not in FEATURES_VERSIONS or isinstance(version, bool):
            raise ValueError(
                f"features_version must be one of {', '.join(map(str, FEATURES_VERSIONS))}, is {version!r}; "
                "a newer strategic-memory may know it"
            )
        self.version = int(version)
        given: object = regimes
        is_list = isinstance(given, Iterable) and not isinstance(given, str | bytes)
        self.regimes = tuple(str(each).strip().upper() for each in regimes) if is_list else ("",)
        if not all(self.regimes):
            raise ValueError(f"regimes must be a list of names, such as ['BULL', 'BEAR'], is {regimes!r}")
        if OTHER in self.regimes or len(set(self.regimes)) < len(self.regimes):
            raise ValueError(f"regimes must differ from each other and from {OTHER}, are {', '.join(self.regimes)}")
        self._place = {name: place for place, name in enumerate(self.regimes)}
        named = [*self.regimes, OTHER]
        self.names: tuple[str, ...] = (
            "confidence",
            "leverage",
            *(f"policy_{each.name.lower()}" for each in POLICIES),
            *(f"regime_{each.lower()}" for each in named),
            *(f"status_{each.name.lower()}" for each in _STATUSES),
            "is_evidence_known",
            *(f"probability_best_{each.name.lower()}" for each in POLICIES),
            "log_effective_trades",
            *(("drawdown_guard",) if self.version > 1 else ()),
        )
        """What each place of the vector is."""
        self._first_regime = 2 + len(POLICIES)
        self._first_status = self._first_regime + len(named)
        self._evidence = self._first_status + len(_STATUSES)
        self._trades = self._evidence + 1 + len(POLICIES)
        self._last: tuple[HeldAdvice, Vector] = (SAFE_ADVICE, self._worked_out(SAFE_ADVICE))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def space(self) -> Box:
        """The bounds: each feature reaches both of its own."""
        low, high = np.zeros(len(self.names), np.float32), np.ones(len(self.names), np.float32)
        high[1] = HIGHEST_LEVERAGE
        high[self._trades] = math.log1p(MOST_EFFECTIVE_TRADES)
        low[self._trades + 1 :] = LOWEST_GUARD
        return Box(low, high, dtype=np.float32)

    def of(self, advice: HeldAdvice) -> Vector:
        """Return the features of an advice: an array that belongs to the caller."""
        known, vector = self._last
        if advice is not known:
            vector = self._worked_out(advice)
            self._last = advice, vector
        return vector.copy()

    def regime_place(self, advice: HeldAdvice) -> int:
        """Return the place of the current regime in the list; its length for another one."""
        return self._place.get(advice.current_regime, len(self.regimes))

    def _worked_out(self, advice: HeldAdvice) -> Vector:
        # A list is filled several times as fast as an array of so few numbers.
        values = [0.0] * len(self.names)
        values[0] = min(max(advice.confidence, 0.0), 1.0)
        values[1] = min(max(advice.leverage, 0.0), HIGHEST_LEVERAGE)
        values[_PLACE_OF_POLICY[advice.policy]] = 1.0
        values[self._first_regime + self.regime_place(advice)] = 1.0
        values[self._first_status + _STATUSES.index(advice.status)] = 1.0
        if advice.probability_best is not None:
            values[self._evidence] = 1.0
            values[self._evidence + 1 : self._trades] = [min(max(each, 0.0), 1.0) for each in advice.probability_best]
        values[self._trades] = math.log1p(min(max(advice.effective_trades, 0.0), MOST_EFFECTIVE_TRADES))
        if self.version > 1:
            values[self._trades + 1] = min(max(advice.guard, LOWEST_GUARD), 1.0)
        return np.array(values, np.float32)
