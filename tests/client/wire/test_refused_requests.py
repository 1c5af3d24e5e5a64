"""What does not fit into a request for an analysis is named, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from each_case import each_case

from strategic_memory_client import (
    AnalysisSettings,
    InlineMemory,
    InvalidRequestError,
    Policy,
    PolicyRule,
    RegimeColumns,
    TradeColumns,
)
from strategic_memory_client.wire.analysis_to_wire import analyze_request

AWARE = datetime(1970, 1, 1, 0, 0, 0, 5_999, tzinfo=UTC)


def trades(*pnl: object) -> InlineMemory:
    return InlineMemory(trade_results=TradeColumns(realized_pnl=list(pnl)))  # type: ignore[arg-type]  # wrong on purpose


def bad_requests() -> Iterator[tuple[str, InlineMemory | None, AnalysisSettings | None]]:
    yield "inline.trade_results.realized_pnl[1]", trades(1.0, "2"), None
    yield "inline.trade_results.realized_pnl[0]", trades(None), None
    yield "inline.trade_results.realized_pnl[2]", trades(1, 2, True), None
    yield "inline.trade_results.realized_pnl[0]", trades(10**400), None
    yield "inline.trade_results.time_ms[0]", InlineMemory(trade_results=TradeColumns(time_ms=[2**63])), None
    for index, opened_at in enumerate(("yesterday", 1.5, True, AWARE.replace(tzinfo=None), "9" * 30)):
        given: list[Any] = [None] * index + [opened_at]
        yield (
            f"inline.trade_results.opened_at[{index}]",
            InlineMemory(trade_results=TradeColumns(opened_at=given)),
            None,
        )
    yield "inline.regime_observations.regime", InlineMemory(RegimeColumns(regime="BULL")), None
    yield "inline.regime_observations.regime[0]", InlineMemory(RegimeColumns(regime=["\ud800"])), None
    yield "inline.regime_observations.regime[1]", InlineMemory(RegimeColumns(regime=["A", None])), None  # type: ignore[list-item]  # wrong on purpose
    yield "inline.trade_results.policy[2]", InlineMemory(trade_results=TradeColumns(policy=["", "A", ["A"]])), None  # type: ignore[list-item]  # wrong on purpose
    yield "inline.trade_results.strategy", InlineMemory(trade_results=TradeColumns(strategy="carry")), None
    yield "settings.trade_window", None, AnalysisSettings(trade_window=-1)
    yield "settings.minimum_samples", None, AnalysisSettings(minimum_samples=2**32)
    rule = PolicyRule(policy="BOLD")  # type: ignore[arg-type]  # wrong on purpose
    yield "settings.policy_rules[0].policy", None, AnalysisSettings(policy_rules=(rule,))
    rule = PolicyRule(Policy.BALANCED, win_rate_above="high")  # type: ignore[arg-type]  # wrong on purpose
    yield (
        "settings.policy_rules[1].win_rate_above",
        None,
        AnalysisSettings(policy_rules=(PolicyRule(Policy.BALANCED), rule)),
    )


@each_case(("path", "memory", "settings"), list(bad_requests()))
def test_what_does_not_fit_is_named(path: str, memory: InlineMemory | None, settings: AnalysisSettings | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        analyze_request(memory, settings)
    assert [violation.field for violation in caught.value.violations] == [path]
    assert path in str(caught.value)


MEMORY: Any = InlineMemory
SETTINGS: Any = AnalysisSettings
NOTHING: Any = []
RULE = PolicyRule(Policy.BALANCED)
UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"memory": {"trade_results": {}}}, "memory: must be InlineMemory"),
    ({"settings": {"trade_window": 5}}, "settings: must be AnalysisSettings"),
    ({"memory": MEMORY(regime_observations={"regime": ["BULL"]})}, "inline.regime_observations: must be RegimeColumns"),
    ({"memory": MEMORY(portfolio_entries=None)}, "inline.portfolio_entries: must be PortfolioColumns"),
    ({"memory": MEMORY(trade_results=[0.1])}, "inline.trade_results: must be TradeColumns"),
    ({"settings": SETTINGS(evidence={})}, "settings.evidence: must be EvidenceSettings"),
    ({"settings": SETTINGS(policy_rules=RULE)}, "settings.policy_rules: must be a tuple of PolicyRule"),
    ({"settings": SETTINGS(policy_rules=[RULE, {}])}, r"settings.policy_rules\[1\]: must be PolicyRule"),
    ({"settings": SETTINGS(policy_rules=[PolicyRule(NOTHING)])}, r"settings.policy_rules\[0\].policy: must be one of"),
    ({"settings": SETTINGS(rules=NOTHING)}, "settings.rules: must be one of REFERENCE"),
    ({"settings": SETTINGS(hysteresis_seconds=Decimal("sNaN"))}, "settings.hysteresis_seconds: must be a number"),
]


@each_case(("given", "named"), UNFIT)
def test_what_is_of_the_wrong_type_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequestError, match=named):
        analyze_request(**{"memory": None, "settings": None, **given})
