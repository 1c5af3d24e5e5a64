"""The estimator: from the sums to what can be said about the regimes asked for.

Pure: the same sums give the same bytes, whatever the order in which their regimes were first seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cautions import cautions_of, has_outlier
from strategic_memory_server.evidence.cells import Floats, block_cells_of, cells_of
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.comparisons import CHALLENGERS, probability_beats_conservative
from strategic_memory_server.evidence.estimate import Estimate, PolicyEstimate, RegimeEstimate
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.group import Borrowed, group_figures, lenders_of
from strategic_memory_server.evidence.judgement import Judgement, judge
from strategic_memory_server.evidence.leverage import leverage_hint
from strategic_memory_server.evidence.observations_until import RegimeBelief, observations_until
from strategic_memory_server.evidence.recommendation import recommended
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import CellSums, EvidenceSums, RegimeSums
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED


def estimate(
    sums: EvidenceSums,
    regimes: Sequence[str],
    settings: EvidenceSettings,
    leverage_caps: Mapping[str, float] | None = None,
) -> Estimate:
    """Say what the evidence says about some regimes, seen or not.

    Args:
        sums: what was seen; every regime of it counts, asked for or not.
        regimes: the regimes asked for, usually the current one.
        settings: how evidence is weighed; ValueError when the sums decay differently.
        leverage_caps: highest leverage by the name of who says so; ValueError when one is negative or not finite.
    """
    return Belief(sums, settings).estimate(regimes, leverage_caps)


class Belief:
    """What is believed of all regimes at once; what is said of one is worked out when it is asked for.

    Args:
        sums: what was seen.
        settings: how evidence is weighed; ValueError when the sums decay differently, or lack blocks.
        group: sums of other portfolios that the same regimes rule, from which this one borrows; see `group.py`.
    """

    def __init__(self, sums: EvidenceSums, settings: EvidenceSettings, group: Sequence[EvidenceSums] = ()) -> None:
        if sums.decay != settings.decay:
            raise ValueError(f"the sums decay by {sums.decay}, the settings by {settings.decay}: sum the trades anew")
        self.sums = sums
        self._settings = settings
        cells, self._places = cells_of(sums)
        self.borrowed: Borrowed | None = None
        if lenders := lenders_of(group):
            if settings.change:
                raise ValueError("a portfolio that looks for change cannot borrow from a group: switch one of them off")
            self._figures: Figures | ChangeFigures
            self._figures, self._places, self.borrowed = group_figures(sums, lenders, settings)
        else:
            self._figures = (
                ChangeFigures(cells, block_cells_of(sums), settings) if settings.change else figures_of(cells, settings)
            )
        self._outlier = has_outlier(cells, settings.prior_observations)

    def estimate(self, regimes: Sequence[str], leverage_caps: Mapping[str, float] | None = None) -> Estimate:
        """Say what the evidence says about some regimes; see `estimate`."""
        sums, figures = self.sums, self._figures
        asked = figures.of_regimes([self._places.get(regime, len(self._places)) for regime in regimes])
        overall = [sum(cells[policy].observations for cells in sums.regimes.values()) for policy in Policy]
        view = _View(asked, judge(asked, self._settings), self._settings, self._outlier, self.borrowed is not None)
        return Estimate(
            regimes=tuple(
                view.of_regime(place, regime, sums.of(regime), overall, leverage_caps)
                for place, regime in enumerate(regimes)
            ),
            unit=float(figures.scale.unit),
            prior_spreads=self._settings.prior_spreads,
            tau_weights=self.borrowed.tau_weights if self.borrowed else asked.tau_weights,
            observations=sum(overall),
            last_trade_id=sums.last_trade_id,
        )

    def best_regime(self) -> str | None:
        """Name the regime whose recommended policy has the highest utility; then more trades, then the name.

        Never UNKNOWN or OTHER, which are no regimes of a market; None where no other was seen.
        """
        figures = self._figures.of_regimes(list(range(len(self._places))))
        beats = probability_beats_conservative(figures.utility, figures.posterior)
        followed = recommended(figures.utility.mean, beats, figures.counted, self._settings)
        utility = (float(figures.scale.unit) * figures.utility.mean[np.arange(followed.size), followed]).tolist()
        ranked = [
            (-utility[place], -self.sums.count_of(name), name)
            for name, place in self._places.items()
            if name in self.sums.regimes and name not in NEVER_PREFERRED
        ]
        return min(ranked)[2] if ranked else None


@dataclass(frozen=True, slots=True)
class _View:
    """Reads one regime after the other from the arrays."""

    figures: Figures
    judgement: Judgement
    settings: EvidenceSettings
    outlier: bool
    borrowed: bool

    def of_regime(
        self, place: int, regime: str, cells: RegimeSums, overall: Sequence[int], caps: Mapping[str, float] | None
    ) -> RegimeEstimate:
        """The estimate of the regime at a place."""
        policies = self._policies(place, cells)
        chosen = Policy(int(self.judgement.recommended[place]))
        followed = policies[chosen]
        confidence = followed.probability_mean_positive
        relative_spread = float(self.figures.scale.regime[place])
        return RegimeEstimate(
            regime=regime,
            policies=(policies[0], policies[1], policies[2]),
            recommended=chosen,
            confidence_boost=confidence,
            leverage=leverage_hint(confidence, relative_spread, followed.interval_low, caps),
            relative_spread=relative_spread,
            cautions=cautions_of(
                [cell.observations for cell in cells], overall, borrowed=self.borrowed, outlier=self.outlier
            ),
        )

    def _policies(self, place: int, cells: RegimeSums) -> list[PolicyEstimate]:
        more, interval = self._more_observations(place), self.figures.interval
        return [self._policy(place, policy, cells[policy], more.get(policy), interval) for policy in Policy]

    def _policy(
        self, place: int, policy: Policy, cell: CellSums, more: int | None, interval: tuple[Floats, Floats]
    ) -> PolicyEstimate:
        utility, judgement, at = self.figures.utility, self.judgement, (place, int(policy))
        unit = float(self.figures.scale.unit)
        low, high = interval
        beats = judgement.beats_conservative[place, policy - 1] if policy in CHALLENGERS else None
        return PolicyEstimate(
            policy=policy,
            observations=cell.observations,
            weight=float(self.figures.weight[at]),
            effective_observations=cell.effective_observations,
            spread=unit * float(self.figures.scale.spread[at]),
            mean_pnl=unit * float(utility.mean_pnl[at]),
            interval_low=unit * float(low[at]),
            interval_high=unit * float(high[at]),
            utility=unit * float(utility.mean[at]),
            utility_deviation=unit * float(utility.deviation[at]),
            probability_best=float(judgement.best[at]),
            probability_beats_conservative=None if beats is None else float(beats),
            probability_mean_positive=float(judgement.mean_positive[at]),
            more_observations=more,
        )

    def _more_observations(self, place: int) -> dict[Policy, int | None]:
        figures, utility = self.figures, self.figures.utility
        is_better = utility.mean[place] > utility.mean[place, Policy.CONSERVATIVE]
        is_sure = self.judgement.beats_conservative[place] >= self.settings.required_probability
        found: dict[Policy, int | None] = {
            policy: 0 for policy, sure in zip(CHALLENGERS, is_sure, strict=True) if sure and is_better[policy]
        }
        unsure = [policy for policy in CHALLENGERS if policy not in found]
        spread = figures.scale.spread[place]
        outlook = figures.outlook or figures.posterior
        belief = RegimeBelief(
            weight=figures.weight[place],
            scaled_sum=figures.scaled_sum[place],
            spread=spread,
            risk_price=utility.mean_pnl[place] - utility.mean[place],
            theta=utility.mean_pnl[place] / spread,
            theta_by_tau=outlook.mean[:, place],
            covariance=outlook.covariance[:, place],
            tau_weights=outlook.tau_weights[:, 0],
            is_tie=outlook.is_tie,
        )
        # Where change is looked for, nothing is forgotten for its age.
        decay = 1.0 if self.settings.change else self.settings.decay
        return found | observations_until(belief, unsure, self.settings.required_probability, decay)
