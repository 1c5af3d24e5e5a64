"""Settings of the estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass

STRICT_PROBABILITY = 0.90
"""For `required_probability`: leaves CONSERVATIVE later, and more rarely by mistake."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How evidence is weighed, and how much of it is needed. ValueError for a value that makes no sense.

    Attributes:
        decay: weight that an observation keeps when one more of its regime arrives, above 0, at most 1.
        required_probability: probability of beating CONSERVATIVE at which another policy is recommended, 0.5 to 1.
        minimum_weight: weight of the observations that a policy needs in the regime before it is recommended.
        risk_aversion: what a unit of variance costs, relative to the spread of pnl; 0.03 is about a relative risk
            aversion of 3 where pnl is a share of the capital that spreads by 1 %.
        prior_observations: how many observations the shared scale of pnl counts for in the scale of each cell.
        prior_spreads: spreads that the mean of a policy may have before anything was seen, as shares of the spread of
            its pnl (daily Sharpe ratios, where observations are days); they start with equal weights.
        explore: whether to try policies that may turn out better than the recommended one.
        exploration_width: standard deviations by which an uncertain policy is favoured when exploring.
        exploration_hold: observations of a regime for which a policy is kept once it is tried; with change fewer, see
            `trial_hold`.
        change: whether means rest on what a regime earned since it probably last changed, and policies may tie.
    """

    decay: float = 0.998
    required_probability: float = 0.80
    minimum_weight: float = 20.0
    risk_aversion: float = 0.03
    prior_observations: float = 10.0
    prior_spreads: tuple[float, ...] = (0.03, 0.1, 0.3)
    explore: bool = False
    exploration_width: float = 1.0
    exploration_hold: int = 20
    change: bool = False

    @property
    def trial_hold(self) -> int:
        """Observations of a regime for which a trial is kept: with change a third of `exploration_hold`."""
        return max(self.exploration_hold // 3, 1) if self.change else self.exploration_hold

    @property
    def forgets_too_fast(self) -> bool:
        """Whether the weights of however many trades, 1 / (1 - decay) together, stay below `minimum_weight`.

        With change it is the trades since the last one that count, and none is forgotten for its age.
        """
        return not self.change and self.minimum_weight * (1.0 - self.decay) >= 1.0

    def __post_init__(self) -> None:
        _require("decay", self.decay, "above 0 and at most 1", holds=0.0 < self.decay <= 1.0)
        _require(
            "required_probability",
            self.required_probability,
            "at least 0.5 and below 1",
            holds=0.5 <= self.required_probability < 1.0,
        )
        _require_size("minimum_weight", self.minimum_weight)
        _require_size("risk_aversion", self.risk_aversion)
        _require_size("exploration_width", self.exploration_width)
        _require(
            "prior_observations",
            self.prior_observations,
            "above 0 and finite",
            holds=0.0 < self.prior_observations < math.inf,
        )
        _require(
            "prior_spreads",
            self.prior_spreads,
            "one or more numbers from 0.001 to 10",
            holds=bool(self.prior_spreads) and all(0.001 <= spread <= 10.0 for spread in self.prior_spreads),
        )
        _require("exploration_hold", self.exploration_hold, "at least 1", holds=self.exploration_hold >= 1)


def _require(name: str, value: object, what: str, *, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{name} is {value!r}, it has to be {what}")


def _require_size(name: str, value: float) -> None:
    _require(name, value, "at least 0 and finite", holds=0.0 <= value < math.inf)
