"""The estimator: from the sums to what can be said about the regimes asked for.

Pure: the same sums give the same bytes, whatever the order in which their regimes were first seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.evidence.cautions import cautions_of, has_outlier
from strategic_memory_server.evidence.cells import block_cells_of, cells_of
from strategic_memory_server.evidence.change_figures import ChangeFigures
from strategic_memory_server.evidence.comparisons import CHALLENGERS, probability_beats_conservative
from strategic_memory_server.evidence.estimate import Estimate, PolicyEstimate, RegimeEstimate
from strategic_memory_server.evidence.figures import Figures, figures_of
from strategic_memory_server.evidence.group import Borrowed, group_figures, lenders_of
from strategic_memory_server.evidence.judgement import Judgement, judge
from strategic_memory_server.evidence.leverage import leverage_hint
from strategic_memory_server.evidence.observations_until import RegimeBeliefs, observations_until
from strategic_memory_server.evidence.recommendation import is_sure, recommended
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, RegimeSums
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
            regimes=view.of_regimes(regimes, sums, overall, leverage_caps),
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
        figures = self._figures
        if isinstance(figures, ChangeFigures):
            figures = figures.of_regimes(range(len(self._places)))
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

    def of_regimes(
        self, regimes: Sequence[str], sums: EvidenceSums, overall: Sequence[int], caps: Mapping[str, float] | None
    ) -> tuple[RegimeEstimate, ...]:
        """The estimates of the regimes, which are those of the arrays."""
        more, numbers = self._more_observations(), self._numbers()
        return tuple(
            self._of_regime(place, regime, sums.of(regime), numbers, more, overall, caps)
            for place, regime in enumerate(regimes)
        )

    def _of_regime(
        self,
        place: int,
        regime: str,
        cells: RegimeSums,
        numbers: Mapping[str, list[list[float]]],
        more: Mapping[tuple[int, Policy], int | None],
        overall: Sequence[int],
        caps: Mapping[str, float] | None,
    ) -> RegimeEstimate:
        policies = [
            PolicyEstimate(
                policy=policy,
                observations=cells[policy].observations,
                effective_observations=cells[policy].effective_observations,
                probability_beats_conservative=(
                    float(self.judgement.beats_conservative[place, policy - 1]) if policy in CHALLENGERS else None
                ),
                more_observations=more.get((place, policy)),
                **{name: values[place][policy] for name, values in numbers.items()},
            )
            for policy in Policy
        ]
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

    def _numbers(self) -> dict[str, list[list[float]]]:
        """Fields of a PolicyEstimate that every policy has, by their names: of each regime, of each policy."""
        scale, utility, judgement = self.figures.scale, self.figures.utility, self.judgement
        low, high = self.figures.interval
        found = {
            "weight": self.figures.weight,
            "spread": scale.unit * scale.spread,
            "mean_pnl": scale.unit * utility.mean_pnl,
            "interval_low": scale.unit * low,
            "interval_high": scale.unit * high,
            "utility": scale.unit * utility.mean,
            "utility_deviation": scale.unit * utility.deviation,
            "probability_best": judgement.best,
            "probability_mean_positive": judgement.mean_positive,
        }
        return {name: values.tolist() for name, values in found.items()}

    def _more_observations(self) -> dict[tuple[int, Policy], int | None]:
        """How many more observations each challenger takes, by the place of the regime and the policy."""
        figures, utility, needed = self.figures, self.figures.utility, self.settings.required_probability
        missing = self.settings.minimum_weight - figures.counted
        of_policies = zip(
            utility.mean.tolist(), self.judgement.beats_conservative.tolist(), missing.tolist(), strict=True
        )
        found: dict[tuple[int, Policy], int | None] = {}
        unsure: list[tuple[int, Policy]] = []
        for place, (mean, beats, lacks) in enumerate(of_policies):
            for policy, probability in zip(CHALLENGERS, beats, strict=True):
                sure = bool(is_sure(np.asarray(probability), needed))
                if sure and lacks[policy] <= 0.0 and mean[policy] > mean[Policy.CONSERVATIVE]:
                    found[place, policy] = 0
                else:
                    unsure.append((place, policy))
        outlook = figures.outlook or figures.posterior
        beliefs = RegimeBeliefs(
            weight=figures.weight,
            scaled_sum=figures.scaled_sum,
            spread=figures.scale.spread,
            risk_price=utility.mean_pnl - utility.mean,
            theta=utility.mean_pnl / figures.scale.spread,
            theta_by_tau=outlook.mean,
            covariance=outlook.covariance,
            tau_weights=outlook.tau_weights[:, 0],
            missing_weight=missing,
            is_tie=outlook.is_tie,
        )
        # Where change is looked for, nothing is forgotten for its age.
        decay = 1.0 if self.settings.change else self.settings.decay
        more = observations_until(beliefs, unsure, needed, decay)
        # The outlook can be surer than what is believed is: what is not sure yet lacks one at least.
        return found | {asked: count if count is None else max(count, 1) for asked, count in more.items()}
