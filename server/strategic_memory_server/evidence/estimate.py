"""What the estimator says, as values."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.evidence.cautions import Caution
from strategic_memory_server.evidence.leverage import Leverage
from strategic_memory_server.memory.policy import Policy


@dataclass(frozen=True, slots=True)
class PolicyEstimate:
    """One policy in one regime. Money is in the unit of pnl.

    Attributes:
        policy: which.
        observations: trades seen, unweighted.
        weight: sum of their weights, or of the probabilities that each still tells what the policy earns.
        effective_observations: equally weighted trades that would say as much; None without any.
        spread: root mean square of their pnl, shrunk towards the regime's and the policy's.
        mean_pnl: posterior mean of the pnl of a trade.
        interval_low: lower bound of the 90 % interval of that mean.
        interval_high: upper bound.
        utility: mean pnl less the price of its risk.
        utility_deviation: its posterior standard deviation.
        probability_best: that its utility is the highest of the three.
        probability_beats_conservative: that its utility is above that of CONSERVATIVE; None for CONSERVATIVE.
        probability_mean_positive: that its mean pnl is above 0.
        more_observations: estimate of how many more observations of the regime, half of this policy and half
            CONSERVATIVE, it takes until it has the required probability and weight; None where not defined.
    """

    policy: Policy
    observations: int
    weight: float
    effective_observations: float | None
    spread: float
    mean_pnl: float
    interval_low: float
    interval_high: float
    utility: float
    utility_deviation: float
    probability_best: float
    probability_beats_conservative: float | None
    probability_mean_positive: float
    more_observations: int | None


@dataclass(frozen=True, slots=True)
class RegimeEstimate:
    """What the trades of one regime show, and what follows for whoever acts in it.

    Attributes:
        regime: its name.
        policies: CONSERVATIVE, BALANCED, AGGRESSIVE.
        recommended: the policy to follow.
        confidence_boost: probability that its mean pnl is above 0.
        leverage: the leverage it bears.
        relative_spread: root mean square of the regime's pnl over that of all pnl, 1 when there is none.
        cautions: what to know before trusting this.
    """

    regime: str
    policies: tuple[PolicyEstimate, PolicyEstimate, PolicyEstimate]
    recommended: Policy
    confidence_boost: float
    leverage: Leverage
    relative_spread: float
    cautions: tuple[Caution, ...]

    @property
    def observations(self) -> int:
        """Trades seen in the regime, unweighted."""
        return sum(policy.observations for policy in self.policies)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Everything said about one state of the memory.

    Attributes:
        regimes: the regimes asked for, in the order asked.
        unit: root mean square of all pnl, 1 when there is none.
        prior_spreads: the spreads tau of standardised means that the prior allows for.
        tau_weights: posterior probability of each.
        observations: trades seen in all regimes, unweighted.
        last_trade_id: id of the newest trade contained.
    """

    regimes: tuple[RegimeEstimate, ...]
    unit: float
    prior_spreads: tuple[float, ...]
    tau_weights: tuple[float, ...]
    observations: int
    last_trade_id: str | None
