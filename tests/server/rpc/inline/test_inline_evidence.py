"""The trades of an inline memory that are evidence: all of the span, whatever the windows, each with a regime."""

from __future__ import annotations

from random import Random

import pytest
from each_case import each_case

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory
from strategic_memory_server.what_if.what_if import sums_of_trades

DECAY = 0.99
POLICIES = ("", *(policy.name for policy in Policy))


def random_memory(random: Random, trades: int) -> memory_pb2.InlineMemory:
    times = sorted(random.randrange(1_000) for _ in range(trades))
    seen = sorted(random.randrange(1_000) for _ in range(random.randrange(10)))
    return memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(
            regime=[random.choice("AB") for _ in seen], pnl=[0.0] * len(seen), time_ms=seen
        ),
        trade_results=memory_pb2.TradeColumns(
            market_regime=[random.choice(["", "A", "B", "c"]) for _ in times],
            realized_pnl=[random.gauss(0.1, 1.0) for _ in times],
            policy=[random.choice(POLICIES) for _ in times],
            time_ms=times,
        ),
    )


def one_by_one(memory: memory_pb2.InlineMemory, span: TimeSpan) -> EvidenceSums:
    """The sums by the rule itself: trade by trade, with the regime observed at the time of the trade."""
    observed, traded = memory.regime_observations, memory.trade_results
    seen = list(zip(observed.time_ms, observed.regime, strict=True))
    sums = EvidenceSums(DECAY)
    rows = zip(traded.time_ms, traded.market_regime, traded.policy, traded.realized_pnl, strict=True)
    for time_ms, own, policy, pnl in rows:
        if not (span.first_ms or 0) <= time_ms <= (1_000 if span.last_ms is None else span.last_ms) or not policy:
            continue
        before = ["UNKNOWN", *(regime for at, regime in seen if at <= time_ms)]
        sums = updated(sums, own.upper() or before[-1], Policy[policy], pnl)
    return sums


@each_case("span", [ALL_TIME, TimeSpan(None, 700), TimeSpan(300, 700)])
@each_case("seed", range(10))
def test_all_trades_of_the_span_count_however_short_the_window(seed: int, span: TimeSpan) -> None:
    memory = random_memory(Random(seed), trades=200)
    read = read_inline_memory(memory, WindowSettings(1, 1, 3), span)
    found = sums_of_trades(read.trades, read.memory.regime_names, EvidenceSettings(decay=DECAY))
    expected = one_by_one(memory, span)
    assert read.memory.trades.pnl.size == 3
    assert found.regimes.keys() == expected.regimes.keys()
    assert found.observations == expected.observations > 30
    for regime, cells in expected.regimes.items():
        for cell, other in zip(found.of(regime), cells, strict=True):
            assert cell == pytest.approx(other, rel=1e-12)


def test_trades_without_a_policy_are_no_evidence() -> None:
    trades = memory_pb2.TradeColumns(market_regime=["A"] * 5, realized_pnl=[1.0] * 5)
    read = read_inline_memory(memory_pb2.InlineMemory(trade_results=trades), WindowSettings())
    assert read.memory.trades.pnl.size == 5
    assert sums_of_trades(read.trades, read.memory.regime_names, EvidenceSettings(decay=DECAY)).observations == 0
