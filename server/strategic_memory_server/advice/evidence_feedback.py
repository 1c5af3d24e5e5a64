"""EvidenceFeedback: adds to an advice what all trades so far say, and gives the advice itself where they are in charge.

Pure: the same sums and the same analysis give the same advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from strategic_memory_server.advice.feedback import Advice, RegimeAdvice, RegimePerformance, Rules
from strategic_memory_server.advice.probe import Completed, follow_exploration
from strategic_memory_server.advice.rules import evidence_reasons
from strategic_memory_server.advice.rules.reasons import Reason, current_leverage_capped, leverage_capped
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.estimator import Belief
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.evidence.view import EvidenceView, view_of
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.strategic_memory import NEVER_PREFERRED

VERSION = "evidence-1.0.0"
"""Version that an advice by the evidence names."""

CHANGE_VERSION = "evidence-change-1.3.0"
"""Version that an advice by the evidence with change names."""


class EvidenceFeedback:
    """Advises by the evidence.

    Args:
        settings: how evidence is weighed, and how much of it is needed.
    """

    def __init__(self, settings: EvidenceSettings) -> None:
        self._settings = settings
        # Most syncs bring no trade; what was worked out from the same sums is kept.
        self._belief: Belief | None = None
        self._best: tuple[str | None] | None = None
        self._group: Group | None = None
        self._asked: tuple[list[str], dict[str, float]] | None = None
        self._found: Mapping[str, RegimeEstimate] = {}
        self._views: Mapping[str, EvidenceView] = {}

    def complete(
        self,
        advice: Advice,
        analysis: Analysis,
        sums: EvidenceSums,
        rules: Rules,
        exploration: Exploration = NOTHING_TRIED,
        *,
        may_begin: bool = True,
        group: Group | None = None,
    ) -> Completed:
        """Add the evidence about the current regime; where it is in charge, let it give the advice too.

        Args:
            advice: what the reference rules advise.
            analysis: what they advise it upon.
            sums: the sums of all trades so far.
            rules: which rules are in charge.
            exploration: what is being tried, for where the evidence is in charge and explores.
            may_begin: whether a trial may begin: not while trades are missing from the sums.
            group: the other portfolios from which this one borrows; None: there are none.
        """
        current = analysis.current_regime
        caps = by_source(analysis.leverage_caps)
        known = preferred = belief = None
        if sums.observations or rules is Rules.EVIDENCE:
            belief = self.believe(sums, group)
            regimes = {current}
            if rules is Rules.EVIDENCE:
                preferred = self._best_regime(belief)
                regimes.add(preferred or advice.preferred_regime)
            self._look_at(belief, sorted(regimes - NEVER_PREFERRED), caps)
            known = self._found.get(current)
        rests_on_trades = belief is not None and (sums.observations or belief.borrowed)
        advice = replace(advice, evidence=self._views.get(current) if rests_on_trades else None)
        if rules is Rules.REFERENCE:
            return Completed(advice, exploration.ended())
        advice = self._by_evidence(advice, analysis, preferred)
        if known is None:
            return Completed(
                _with_cap(advice), exploration if self._settings.explore else exploration.ended(), self._found
            )
        completed = follow_exploration(advice, known, exploration, self._settings, caps, may_begin=may_begin)
        return replace(completed, advice=_with_cap(completed.advice), estimates=self._found)

    def believe(self, sums: EvidenceSums, group: Group | None = None) -> Belief:
        """Work out what is believed upon these; with a large group it is worth a thread. See `complete`."""
        if self._belief is None or self._belief.sums is not sums or self._group is not group:
            self._belief, self._group = Belief(sums, self._settings, group.others if group else ()), group
            self._best = self._asked = None
        return self._belief

    def _best_regime(self, belief: Belief) -> str | None:
        """Name the best regime of all, which is looked for only where the evidence is in charge."""
        if self._best is None:
            self._best = (belief.best_regime(),)
        return self._best[0]

    def _look_at(self, belief: Belief, asked: list[str], caps: dict[str, float]) -> None:
        """Work out what is known of some regimes, and what a feedback shows of it."""
        if self._asked == (asked, caps):
            return
        self._asked = (asked, caps)
        self._found = {each.regime: each for each in belief.estimate(asked, caps).regimes}
        observations = belief.sums.observations
        self._views = {regime: view_of(each, observations) for regime, each in self._found.items()}

    def _by_evidence(self, advice: Advice, analysis: Analysis, preferred: str | None) -> Advice:
        regime = preferred or advice.preferred_regime
        view = self._views[regime]
        figures = next((each for each in analysis.regimes if each.regime == regime), None)
        current = self._views.get(analysis.current_regime)
        return replace(
            advice,
            preferred_regime=regime,
            updated_policy=view.recommended_policy,
            confidence_boost=view.confidence_boost,
            leverage_hint=view.leverage_hint,
            leverage_bound_by=view.leverage_bound_by,
            regime_performance=RegimePerformance.of(figures) if figures else None,
            best_policy=figures.best_policy if figures else None,
            reasons=self._reasons(view, is_preferred=preferred is not None),
            version=CHANGE_VERSION if self._settings.change else VERSION,
            rules=Rules.EVIDENCE,
            current=_advice(current) if current else None,
        )

    def _reasons(self, view: EvidenceView, *, is_preferred: bool) -> tuple[Reason, ...]:
        needed = self._settings.required_probability, self._settings.minimum_weight
        found = evidence_reasons.reasons(view, self._found[view.regime], is_preferred, *needed)
        if self._group is None or self._belief is None or self._belief.borrowed is None:
            return found
        return (*found, evidence_reasons.borrowed(self._group.name, self._belief.borrowed))


def _with_cap(advice: Advice) -> Advice:
    """Add since when the cap that binds is in force."""
    caps, current = {cap.source: cap for cap in advice.leverage_caps}, advice.current
    if cap := caps.get(advice.leverage_bound_by or ""):
        return replace(advice, reasons=(*advice.reasons, leverage_capped(cap)))
    if current and (cap := caps.get(current.leverage_bound_by or "")):
        return replace(advice, reasons=(*advice.reasons, current_leverage_capped(current.regime, cap)))
    return advice


def _advice(view: EvidenceView) -> RegimeAdvice:
    return RegimeAdvice(
        view.regime, view.recommended_policy, view.confidence_boost, view.leverage_hint, view.leverage_bound_by
    )
