"""Requests for an analysis as wire messages. What does not fit is an InvalidRequestError naming the field."""

from __future__ import annotations

from collections.abc import Iterable

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_client.values.analysis_request import AnalysisSettings, EvidenceSettings, InlineMemory, PolicyRule
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import Rules
from strategic_memory_client.wire.inline_to_wire import write_inline_memory
from strategic_memory_client.wire.request_values import (
    age,
    flag,
    invalid,
    member,
    moment,
    number,
    optional,
    require_kind,
    row_count,
    single,
    text,
)

_ROW_COUNTS = (
    "regime_window",
    "portfolio_window",
    "trade_window",
    "minimum_samples",
    "minimum_policy_trades",
    "past_revisions",
    "hysteresis_results",
)

_POLICIES = {policy: feedback_pb2.Policy.Value(f"POLICY_{policy}") for policy in Policy}
_RULES = {rules: feedback_pb2.Rules.Value(f"RULES_{rules}") for rules in Rules}


def analyze_request(memory: InlineMemory | None, settings: AnalysisSettings | None) -> service_pb2.AnalyzeRequest:
    """Return the request that asks for an analysis of `memory` (None: the stored memory) under `settings`."""
    request = service_pb2.AnalyzeRequest()
    if memory is None:
        request.stored.SetInParent()
    else:
        require_kind(memory, InlineMemory, "memory")
        write_inline_memory(memory, request.inline)
    if settings is not None:
        require_kind(settings, AnalysisSettings, "settings")
        request.settings.CopyFrom(_settings(settings))
    return request


def _settings(settings: AnalysisSettings) -> analysis_pb2.AnalysisSettings:
    wire = analysis_pb2.AnalysisSettings()
    for name in _ROW_COUNTS:
        count: int | None = getattr(settings, name)
        if count is None:
            continue
        setattr(wire, name, single(count, row_count, f"settings.{name}"))
    if not isinstance(settings.policy_rules, Iterable):
        raise invalid("settings.policy_rules", f"must be a tuple of PolicyRule(...), is {settings.policy_rules!r:.80}")
    wire.policy_rules.extend(
        _policy_rule(rule, f"settings.policy_rules[{index}]") for index, rule in enumerate(settings.policy_rules)
    )
    if settings.rules is not None:
        wire.rules = _rules(settings.rules)
    if settings.as_of is not None:
        wire.as_of.FromDatetime(single(settings.as_of, moment, "settings.as_of"))
    if settings.max_age is not None:
        wire.max_age.FromTimedelta(single(settings.max_age, age, "settings.max_age"))
    if settings.hysteresis_seconds is not None:
        wire.hysteresis_seconds = single(settings.hysteresis_seconds, number, "settings.hysteresis_seconds")
    if settings.evidence is not None:
        wire.evidence.CopyFrom(_evidence(settings.evidence))
    return wire


def _evidence(evidence: EvidenceSettings) -> analysis_pb2.EvidenceSettings:
    path = "settings.evidence"
    require_kind(evidence, EvidenceSettings, path)
    return analysis_pb2.EvidenceSettings(
        half_life_trades=optional(evidence.half_life_trades, f"{path}.half_life_trades"),
        required_probability=optional(evidence.required_probability, f"{path}.required_probability"),
        minimum_trades=optional(evidence.minimum_trades, f"{path}.minimum_trades"),
        risk_aversion=optional(evidence.risk_aversion, f"{path}.risk_aversion"),
        change=None if evidence.change is None else single(evidence.change, flag, f"{path}.change"),
    )


def _rules(rules: Rules) -> feedback_pb2.Rules.ValueType:
    return _RULES[member(rules, Rules, "settings.rules")]


def _policy_rule(rule: PolicyRule, path: str) -> analysis_pb2.PolicyRule:
    require_kind(rule, PolicyRule, path)
    return analysis_pb2.PolicyRule(
        regime=single(rule.regime, text, f"{path}.regime"),
        win_rate_above=optional(rule.win_rate_above, f"{path}.win_rate_above"),
        avg_pnl_above=optional(rule.avg_pnl_above, f"{path}.avg_pnl_above"),
        policy=_POLICIES[member(rule.policy, Policy, f"{path}.policy")],
    )
