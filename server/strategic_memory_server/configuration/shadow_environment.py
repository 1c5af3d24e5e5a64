"""The variables of a shadow: those of the advice that need no other reading of the memory, with a prefix."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypeVar

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.configuration.environment_values import (
    Count,
    HeldResults,
    HeldSeconds,
    MinimumWeight,
    RequiredProbability,
    RiskAversion,
    RulesName,
    Switch,
)
from strategic_memory_server.configuration.plain_numbers import PlainNumbers

_PREFIX = "shadow_"

ValueT = TypeVar("ValueT")


class ShadowEnvironment(PlainNumbers):
    """What of the advice the shadow does otherwise; None: as the service does. All None: there is no shadow."""

    shadow_rules: RulesName | None = None
    shadow_evidence_required_probability: RequiredProbability | None = None
    shadow_evidence_minimum_trades: MinimumWeight | None = None
    shadow_evidence_risk_aversion: RiskAversion | None = None
    shadow_evidence_change: Switch | None = None
    shadow_hysteresis_results: HeldResults | None = None
    shadow_hysteresis_seconds: HeldSeconds | None = None
    shadow_leverage_guard: Switch | None = None
    shadow_minimum_samples: Count | None = None
    shadow_minimum_policy_trades: Count | None = None

    def shadow_of(self, advice: AdviceSettings) -> AdviceSettings | None:
        """Return what the shadow advises upon beside a service that advises upon `advice`; None: there is none."""
        if not any(getattr(self, name) is not None for name in ShadowEnvironment.model_fields):
            return None
        evidence, hysteresis = advice.evidence, advice.hysteresis
        guard = self.shadow_leverage_guard
        rules = advice.rules if self.shadow_rules is None else Rules[self.shadow_rules.upper()]
        return replace(
            advice,
            rules=rules,
            evidence=replace(
                evidence,
                required_probability=_or(self.shadow_evidence_required_probability, evidence.required_probability),
                minimum_weight=_or(self.shadow_evidence_minimum_trades, evidence.minimum_weight),
                risk_aversion=_or(self.shadow_evidence_risk_aversion, evidence.risk_aversion),
                change=evidence.change if self.shadow_evidence_change is None else self.shadow_evidence_change == "on",
                # Nobody follows a shadow, so it would learn nothing from what it tries.
                explore=False,
            ),
            hysteresis=HysteresisSettings(
                _or(self.shadow_hysteresis_results, hysteresis.results),
                _or(self.shadow_hysteresis_seconds, hysteresis.seconds),
            ),
            leverage_guard=advice.leverage_guard if guard is None else guard == "on",
            minimum_samples=_or(self.shadow_minimum_samples, advice.minimum_samples),
            minimum_policy_trades=_or(self.shadow_minimum_policy_trades, advice.minimum_policy_trades),
        )


def as_of_service(given: Collection[str]) -> Iterator[str]:
    """Yield what the fields of the shadow among those that were given are called in the service."""
    return (name.removeprefix(_PREFIX) for name in given if name in ShadowEnvironment.model_fields)


def _or(given: ValueT | None, of_service: ValueT) -> ValueT:
    return of_service if given is None else given
