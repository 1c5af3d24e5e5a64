"""The figures in an answer of Analyze: exactly those of the pure functions, absent where they are, always finite."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from random import Random

import pytest
import redis
import redis.asyncio
from advice import NOW_MS
from brute_force import RegimeRow, Rows, TradeRow, expected_regimes, expected_transitions
from finite_output import assert_finite
from in_process_server import InProcessServer
from pnl_samples import EDGES
from redis_inputs import add_regime, add_trade
from server.rpc.wire.expected_figures import (
    expected_correlations,
    expected_drift,
    expected_dynamics,
    expected_performance,
)

from strategic_memory.v1 import analysis_pb2, memory_pb2, service_pb2
from strategic_memory_client import Analysis
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire
from strategic_memory_server.evidence.batch import batch
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.view import view_of
from strategic_memory_server.figures.breakdown import MAX_REGIMES
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.wire.to_wire import evidence_message

REGIMES = ("RANGE", "BEAR", "BULL")
POLICIES = ("", "CONSERVATIVE", "BALANCED", "AGGRESSIVE")
DECAY = EvidenceSettings().decay
HOUR_MS = 3_600_000
REFUSED = "largest taken"
"""Pnl that the functions take and a request may not hold."""


def random_rows(seed: int, trades: int = 400) -> Rows:
    """Trades of which some depend on the one before and some share a time, and observations that lead everywhere."""
    random = Random(seed)
    start_ms, pnl, time_ms = NOW_MS - 500 * HOUR_MS, 0.0, 0
    made = []
    for _ in range(trades):
        pnl = 0.6 * pnl + random.gauss(0.1, 1.0)
        time_ms += random.choice((0, HOUR_MS // 3))
        made.append(
            TradeRow(
                start_ms + time_ms, random.choice(REGIMES), pnl, random.choice(POLICIES), random.choice(("", "carry"))
            )
        )
    observed = [RegimeRow(start_ms + HOUR_MS * place, random.choice(REGIMES), 0.1, 0.5) for place in range(60)]
    return Rows(regimes=observed, trades=made)


def inline(rows: Rows, *, timed: bool = True) -> service_pb2.AnalyzeRequest:
    traded, observed = rows.trades, rows.regimes
    return service_pb2.AnalyzeRequest(
        inline=memory_pb2.InlineMemory(
            regime_observations=memory_pb2.RegimeColumns(
                regime=[row.regime for row in observed],
                pnl=[row.pnl for row in observed],
                time_ms=[row.time_ms for row in observed] if timed else [],
            ),
            trade_results=memory_pb2.TradeColumns(
                market_regime=[row.regime for row in traded],
                realized_pnl=[row.pnl for row in traded],
                policy=[row.policy for row in traded],
                strategy=[row.strategy for row in traded],
                time_ms=[row.time_ms for row in traded] if timed else [],
            ),
        ),
        settings=analysis_pb2.AnalysisSettings(regime_window=1_000, trade_window=1_000),
    )


def of_pnl(pnl: Sequence[float]) -> Rows:
    return Rows(trades=[TradeRow(NOW_MS - 1_000 + place, "BULL", each, "BALANCED") for place, each in enumerate(pnl)])


def assert_as_expected(found: Analysis, rows: Rows, *, timed: bool) -> None:
    now_ms = NOW_MS if timed else None
    for regime, wanted in zip(found.regimes, expected_regimes(rows), strict=True):
        name = regime.regime
        assert (name, regime.episodes) == (wanted.regime, wanted.episodes)
        assert regime.mean_dwell_observations == pytest.approx(wanted.dwell_observations)
        assert regime.mean_dwell_seconds == pytest.approx(wanted.dwell_seconds if timed else None)
        strategies = {each.strategy: (each.trades, each.avg_pnl, each.win_rate) for each in regime.strategies}
        assert strategies == {each: dataclasses.astuple(of) for each, of in wanted.strategies.items()}
        assert regime.performance == expected_performance(rows.trades, name, None, decay=DECAY, now_ms=now_ms)
        assert regime.drift == expected_drift(rows.trades, name, None)
        for policy in regime.policies:
            assert policy.policy is not None
            own = policy.policy.name
            assert policy.performance == expected_performance(rows.trades, name, own, decay=DECAY, now_ms=now_ms)
            assert policy.drift == expected_drift(rows.trades, name, own)
    steps = {(step.from_regime, step.to_regime): step.count for step in found.transitions}
    assert steps == expected_transitions(rows)
    assert found.regime_dynamics == expected_dynamics(rows.regimes, timed=timed)
    assert found.correlations == (expected_correlations(rows.trades) if timed else None)


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("seed", range(3))
async def test_inline_they_are_those_of_the_pure_functions(service: InProcessServer, seed: int, *, timed: bool) -> None:
    rows = random_rows(seed)
    found = analysis_from_wire((await service.client.analyze(inline(rows, timed=timed))).analysis)
    assert_as_expected(found, rows, timed=timed)
    assert all(len(regime.policies) == 3 for regime in found.regimes)
    if timed:
        assert found.correlations is not None
        assert any(each.coefficient is not None for each in found.correlations.regimes)
        assert any(each.coefficient is not None for each in found.correlations.policies)


async def test_stored_they_are_those_of_the_pure_functions(service: InProcessServer, redis_client: redis.Redis) -> None:
    rows = random_rows(7, trades=60)
    for place, trade in enumerate(rows.trades):
        entry_id = f"{trade.time_ms}-{place}"
        add_trade(
            redis_client,
            trade.regime,
            repr(trade.pnl),
            policy=trade.policy or None,
            strategy=trade.strategy,
            entry_id=entry_id,
        )
    for seen in rows.regimes:
        add_regime(redis_client, seen.regime, seen.pnl, entry_id=f"{seen.time_ms}-0")
    settings = analysis_pb2.AnalysisSettings(regime_window=1_000, trade_window=1_000)
    response = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert_as_expected(analysis_from_wire(response.analysis), rows, timed=True)
    assert not any(regime.HasField("evidence") for regime in response.analysis.regimes), "nothing was summed yet"


async def test_the_evidence_of_every_regime(service: InProcessServer) -> None:
    rows = random_rows(3)
    response = await service.client.analyze(inline(rows))
    used = [row for row in rows.trades if row.policy]
    sums = batch(DECAY, [row.regime for row in used], [Policy[row.policy] for row in used], [row.pnl for row in used])
    for regime in response.analysis.regimes:
        (found,) = estimate(sums, [regime.regime], EvidenceSettings()).regimes
        assert regime.evidence == evidence_message(view_of(found, sums.observations))
        if regime.regime == response.analysis.current_regime:
            assert regime.evidence == response.feedback.evidence


@pytest.mark.parametrize(
    "name", [name for name in EDGES if name not in ("largest taken", "smallest numbers there are")]
)
async def test_extreme_inputs_give_finite_figures(service: InProcessServer, name: str) -> None:
    rows = of_pnl(EDGES[name])
    response = await service.client.analyze(inline(rows))
    assert_finite(response)
    assert_as_expected(analysis_from_wire(response.analysis), rows, timed=True)


async def test_what_is_not_defined_is_absent(service: InProcessServer) -> None:
    (regime,) = (await service.client.analyze(inline(of_pnl([0.0])))).analysis.regimes
    told = {field.name for field, _ in regime.performance.ListFields()}
    assert told == {
        *("trades", "effective_trades", "newest_age_ms", "break_even", "mean_pnl", "gross_profit", "gross_loss"),
        *("drawdown", "longest_losing_run"),
    }
    assert {field.name for field, _ in regime.drift.ListFields()} == {"recent_trades"}
    nothing = (await service.client.analyze(inline(Rows()))).analysis
    assert not nothing.HasField("regime_dynamics")
    assert list(nothing.correlations.regimes) == list(nothing.regimes) == []


async def test_a_regime_that_only_was_observed_has_no_figures_of_trades(service: InProcessServer) -> None:
    rows = Rows(regimes=[RegimeRow(NOW_MS, "BEAR", 0.1, 0.5)])
    (regime,) = (await service.client.analyze(inline(rows))).analysis.regimes
    assert not regime.HasField("performance")
    assert not regime.HasField("drift")
    assert not regime.HasField("evidence")


async def test_of_many_regimes_those_used_last_are_kept_apart(service: InProcessServer) -> None:
    names = [f"R{place:03}" for place in range(MAX_REGIMES + 6)]
    trades = [TradeRow(NOW_MS + place, name, 0.5, "BALANCED") for place, name in enumerate(names) for _ in range(2)]
    # The present regime is one of them, however long ago it was observed.
    rows = Rows(regimes=[RegimeRow(NOW_MS, "R000", 0.1, 0.5)], trades=trades)
    answer = analysis_from_wire((await service.client.analyze(inline(rows))).analysis)
    found = {regime.regime: regime for regime in answer.regimes}
    assert answer.current_regime == "R000"
    assert sorted(found) == ["OTHER", "R000", *names[-MAX_REGIMES + 1 :]]
    assert found["OTHER"].sample_count == 2 * 6
    assert found["OTHER"].evidence is None
    # Of these, the ones with the most trades.
    assert sum(regime.performance is not None for regime in answer.regimes) == MAX_REGIMES
    # Its trades were the first, so that the evidence about it went into the mixture: it is the prior.
    assert sum(regime.evidence is not None for regime in answer.regimes) == MAX_REGIMES
    noted = {source.source: dict(source.noted) for source in answer.sources}
    assert noted["stream:trade.results"] == {"counted_as_other": 12}
