"""AdviceSettings: upon what to advise."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import MAX_REGIMES, WindowSettings


@dataclass(frozen=True, slots=True)
class AdviceSettings:
    """Upon what to advise. Servers on one Redis must agree on every one of these, see `settings_by_variable`.

    Attributes:
        minimum_samples: entries needed before there is advice.
        minimum_policy_trades: trades a policy needs in a regime before it can be named the best one.
        windows: lengths of the windows.
        rules: which rules are in charge of the advice.
        evidence: how evidence is weighed, and how much of it is needed.
        max_regimes: regimes that are kept apart, those used last; the others are OTHER.
        hysteresis: how long the rules have to ask for more risk before it is followed.
        leverage_guard: whether the drawdown guard multiplies the leverage.
        group: name of the group of portfolios from which the evidence borrows; empty: it stands alone.
        trade_id_horizon: newest ids of trades that are remembered, so that a trade that is sent twice counts once.
    """

    minimum_samples: int = reference_rules.MINIMUM_SAMPLES
    minimum_policy_trades: int = reference_rules.MINIMUM_POLICY_TRADES
    windows: WindowSettings = field(default_factory=WindowSettings)
    rules: Rules = Rules.REFERENCE
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    max_regimes: int = MAX_REGIMES
    trade_id_horizon: int = 10_000
    group: str = ""
    hysteresis: HysteresisSettings = field(default_factory=HysteresisSettings)
    leverage_guard: bool = False
