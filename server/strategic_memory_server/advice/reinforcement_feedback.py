"""ReinforcementFeedback: from an analysis to advice, by the reference rules.

Pure: no clock, no settings from the environment; the same analysis gives the same advice with the same reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategic_memory_server.advice.feedback import Advice, RegimeAdvice, RegimePerformance
from strategic_memory_server.advice.rules import reasons, reference_rules
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Match, Row, first_match
from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCap, LeverageCaps, capped
from strategic_memory_server.memory.policy import Policy


@dataclass(frozen=True, slots=True)
class NoAdvice:
    """There is not enough to advise upon; `reason` says what is missing."""

    reason: Reason
    current_regime: str


class ReinforcementFeedback:
    """Gives advice by the reference rules.

    Args:
        minimum_samples: entries needed in all before there is advice, at least 1.
        policy_table: rows that choose the policy, first match first.
    """

    def __init__(
        self,
        minimum_samples: int = reference_rules.MINIMUM_SAMPLES,
        policy_table: Sequence[Row[Policy]] = reference_rules.POLICY_TABLE,
    ) -> None:
        self._minimum_samples = minimum_samples
        self._policy_table = tuple(policy_table)

    def preferred(self, analysis: Analysis) -> tuple[RegimeFigures, Match[Policy]] | NoAdvice:
        """Return the regime that has paid best, and the row of the policy table that chooses the policy for it."""
        if analysis.sample_count < self._minimum_samples:
            return NoAdvice(
                reasons.too_few_entries(analysis.sample_count, self._minimum_samples), analysis.current_regime
            )
        ranked = analysis.known_regimes
        if not ranked:
            return NoAdvice(reasons.no_known_regime(analysis.sample_count), analysis.current_regime)
        return ranked[0], self._policy_of(ranked[0])

    def recommend(self, analysis: Analysis) -> Advice | NoAdvice:
        """Advise upon one analysis."""
        preferred = self.preferred(analysis)
        if isinstance(preferred, NoAdvice):
            return preferred
        ranked, (best, policy) = analysis.known_regimes, preferred
        leverage_hint, bound_by, leverage_reasons = leverage(best, analysis.leverage_caps)
        current, current_bound_by = self._current(analysis)
        if current and current_bound_by and not bound_by:
            leverage_reasons = (*leverage_reasons, reasons.current_leverage_capped(current.regime, current_bound_by))
        return Advice(
            preferred_regime=best.regime,
            updated_policy=policy.outcome,
            confidence_boost=confidence_boost(best),
            leverage_hint=leverage_hint,
            regime_performance=RegimePerformance.of(best),
            current_regime=analysis.current_regime,
            best_policy=best.best_policy,
            reasons=(
                reasons.preferred_regime(best, ranked[1] if len(ranked) > 1 else None),
                reasons.policy_rule(best.regime, policy),
                *leverage_reasons,
            ),
            version=reference_rules.VERSION,
            leverage_bound_by=bound_by.source if bound_by else None,
            current=current,
            leverage_caps=analysis.leverage_caps,
        )

    def _policy_of(self, figures: RegimeFigures) -> Match[Policy]:
        measured = {"win_rate": figures.win_rate, "avg_pnl": figures.avg_pnl}
        return first_match(self._policy_table, figures.regime, measured, Policy.CONSERVATIVE)

    def _current(self, analysis: Analysis) -> tuple[RegimeAdvice | None, LeverageCap | None]:
        """Apply the same rules to the current regime; None when no entry carries it, or it is not known."""
        figures = next((each for each in analysis.known_regimes if each.regime == analysis.current_regime), None)
        if figures is None:
            return None, None
        policy = self._policy_of(figures).outcome
        hint, bound_by, _ = leverage(figures, analysis.leverage_caps)
        name = bound_by.source if bound_by else None
        return RegimeAdvice(figures.regime, policy, confidence_boost(figures), hint, name), bound_by


def confidence_boost(best: RegimeFigures) -> float:
    """How well a regime has paid, 0 to 1; 0.5 is neutral.

    Mean pnl (clipped to one unit) and win rate are weighed 0.6 to 0.4, shrunk towards neutral below 20 entries:
    clip(((0.6 clip(avg_pnl, -1, 1) + 0.8 (win_rate - 0.5)) min(1, n / 20) + 1) / 2, 0, 1), rounded to 4 decimals.
    A win rate that is not defined counts as 0.
    """
    pnl_part = reference_rules.PNL_WEIGHT * min(max(best.avg_pnl, -1.0), 1.0)
    win_part = reference_rules.WIN_RATE_WEIGHT * 2.0 * ((best.win_rate or 0.0) - 0.5)
    weight = min(1.0, best.sample_count / reference_rules.FULL_WEIGHT_SAMPLES)
    boost = ((pnl_part + win_part) * weight + 1.0) / 2.0
    return round(min(max(boost, 0.0), 1.0), reference_rules.CONFIDENCE_DECIMALS)


def leverage(best: RegimeFigures, caps: LeverageCaps = NO_CAPS) -> tuple[float, LeverageCap | None, tuple[Reason, ...]]:
    """Leverage for a regime, the cap that lowered it, and why.

    The base of the leverage table times (0.8 + 0.4 confidence), clipped to [0.5, 2.0] and rounded to 2 decimals; then
    lowered to the lowest cap, which is not rounded, so that it is never exceeded.
    """
    measured = {"win_rate": best.win_rate, "avg_pnl": best.avg_pnl}
    base = first_match(reference_rules.LEVERAGE_TABLE, best.regime, measured, reference_rules.DEFAULT_LEVERAGE_BASE)
    confidence = best.confidence or 0.0
    factor = reference_rules.LEVERAGE_AT_NO_CONFIDENCE + reference_rules.LEVERAGE_PER_CONFIDENCE * confidence
    scaled = base.outcome * factor
    low, high = reference_rules.LEVERAGE_BOUNDS
    hint = round(min(max(scaled, low), high), reference_rules.LEVERAGE_DECIMALS)
    why = [
        reasons.leverage_base(best.regime, base),
        reasons.leverage_scaled(factor, confidence, round(scaled, reference_rules.LEVERAGE_DECIMALS)),
    ]
    if not 0.0 <= confidence <= 1.0:
        why.append(reasons.confidence_out_of_range(confidence))
    if not low <= scaled <= high:
        why.append(reasons.leverage_bounded(scaled, hint))
    bearable, bound_by = capped(hint, caps)
    if bound_by:
        why.append(reasons.leverage_capped(bound_by, hint))
    return bearable, bound_by, tuple(why)
