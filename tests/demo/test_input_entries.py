from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import pytest

from strategic_memory_demo.context_keys import ContextKeys
from strategic_memory_demo.input_entries import InputEntry, entries_of, malformed_entries
from strategic_memory_demo.market_model import MarketModel, PortfolioReport
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.entries import read_portfolio_entry, read_regime_observation, read_trade_result
from strategic_memory_server.entries.entry_fields import Fields, RejectionError
from strategic_memory_server.inputs.json_inputs import read_object, read_regime_stats
from strategic_memory_server.inputs.leverage_caps import read_cap

WRITTEN_AT = datetime(2025, 12, 21, 6, 0, 0, 250_000, tzinfo=UTC)
READ = {
    input_keys.META_REGIME: read_regime_observation,
    input_keys.PORTFOLIO_MEMORY: read_portfolio_entry,
    input_keys.TRADE_RESULTS: read_trade_result,
}
FIELDS = {
    input_keys.META_REGIME: [{"regime", "pnl", "volatility", "trend", "confidence", "timestamp"}],
    input_keys.PORTFOLIO_MEMORY: [
        {"regime", "pnl", "total_pnl", "timestamp"},
        {
            "pnl",
            "timestamp",
            "symbol",
            "side",
            "leverage",
            "confidence",
            "volatility",
            "position_size",
            "exit_reason",
        },
    ],
    input_keys.TRADE_RESULTS: [
        {"market_regime", "realized_pnl", "policy", "symbol", "strategy", "trade_id", "timestamp"}
    ],
}


def entries(steps: int) -> list[InputEntry]:
    model = MarketModel(1)
    return [entry for _ in range(steps) for entry in entries_of(model.step(), WRITTEN_AT)]


def as_redis_gives_them(entry: InputEntry) -> Fields:
    return {
        name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in entry.fields.items()
    }


def test_the_service_accepts_every_entry() -> None:
    written = entries(500)
    for entry in written:
        READ[entry.source](as_redis_gives_them(entry))
        assert not entry.malformed
    assert {entry.source for entry in written} == set(READ)


def test_entries_have_exactly_the_documented_fields() -> None:
    seen: dict[str, list[set[str]]] = {source: [] for source in READ}
    for entry in entries(500):
        fields = set(entry.fields)
        assert fields in FIELDS[entry.source]
        if fields not in seen[entry.source]:
            seen[entry.source].append(fields)
        assert entry.fields["timestamp"] == "2025-12-21T06:00:00.250Z"
    assert all(len(seen[source]) == len(FIELDS[source]) for source in READ), "one of the forms never occurs"


def test_every_malformed_entry_is_rejected_and_they_come_now_and_then() -> None:
    malformed = [entry for entry in islice(malformed_entries(), 300) if entry is not None]
    assert len(malformed) == 12
    assert next(index for index, entry in enumerate(malformed_entries()) if entry) < 10, "a short demo shows one"
    reasons = set()
    for entry in malformed:
        assert entry.malformed
        with pytest.raises(RejectionError) as rejected:
            READ[entry.source](as_redis_gives_them(entry))
        reasons.add((entry.source, rejected.value.reason))
    assert len(reasons) == 6


def test_the_context_keys_are_accepted_and_add_up() -> None:
    model, context = MarketModel(2), ContextKeys()
    observed = []
    for _ in range(200):
        step = model.step()
        context.follow(step)
        observed.append(step.observation)
        values = context.values()
        assert set(values) == set(input_keys.VALUE_SOURCES)
        assert values[input_keys.GOVERNANCE_POLICY] in {"AGGRESSIVE", "BALANCED", "CONSERVATIVE"}
        limits = read_cap(input_keys.LEVERAGE_LIMITS, values[input_keys.LEVERAGE_LIMITS].encode(), 1)
        assert limits.value in {1.2, 1.6, 2.0}
        for source in (input_keys.EXPOSURE_SUMMARY, input_keys.EXIT_STATISTICS):
            read_object(values[source].encode())
    values = context.values()
    read_regime_stats(values[input_keys.GOVERNANCE_REGIME_STATS].encode())
    statistics = json.loads(values[input_keys.GOVERNANCE_REGIME_STATS])
    assert sum(figures["count"] for figures in statistics.values()) == 200
    bull = [seen.pnl_pct for seen in observed if seen.regime == "BULL"]
    assert statistics["BULL"]["count"] == len(bull)
    assert statistics["BULL"]["avg_pnl"] == pytest.approx(sum(bull) / len(bull), abs=1e-6)
    assert statistics["BULL"]["wins"] == sum(pnl > 0 for pnl in bull)
    best = max(statistics, key=lambda name: statistics[name]["avg_pnl"])
    assert values[input_keys.GOVERNANCE_PREFERRED_REGIME] == best


def test_governance_gets_careful_in_a_drawdown() -> None:
    step, context = MarketModel(3).step(), ContextKeys()
    for total_pnl, policy in (
        (10_000.0, "AGGRESSIVE"),
        (9_500.0, "AGGRESSIVE"),
        (7_000.0, "BALANCED"),
        (5_000.0, "CONSERVATIVE"),
        (10_500.0, "AGGRESSIVE"),
    ):
        report = PortfolioReport(pnl_pct=0.0, total_pnl=total_pnl, regime="BULL", position=None)
        context.follow(replace(step, portfolio=report))
        assert context.values()[input_keys.GOVERNANCE_POLICY] == policy


def test_the_context_keys_hold_from_the_first_step() -> None:
    context = ContextKeys()
    context.follow(MarketModel(3).step())
    assert set(context.values()) == set(input_keys.VALUE_SOURCES)
