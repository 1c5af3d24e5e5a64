"""A running service tells of trades by the regime they were opened in, from its streams and from a request alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_trade, regime_stream
from system.soundness import analyze, await_syncs, rejected_by_health

from strategic_memory.v1 import analysis_pb2, memory_pb2

pytestmark = pytest.mark.system

START_MS = 1_766_296_800_000
MINUTE_MS = 60_000
TRADES = 24


def mean_pnl(analysis: analysis_pb2.Analysis) -> Mapping[str, float]:
    return {figures.regime: figures.performance.mean_pnl for figures in analysis.regimes}


def noted(analysis: analysis_pb2.Analysis) -> Mapping[str, int]:
    (trades,) = [source for source in analysis.sources if source.source == "stream:trade.results"]
    return dict(trades.noted)


def test_a_trend_that_is_over_when_its_trade_ends(start_service: StartService, redis_client: redis.Redis) -> None:
    """BULL and BEAR take turns, a trade opens in each and ends in the next: by closes they would change places."""
    sent = memory_pb2.InlineMemory()
    for turn in range(TRADES + 1):
        begins_ms = START_MS + turn * MINUTE_MS
        regime, pnl = (("BULL", 3.0), ("BEAR", -1.0))[turn % 2]
        redis_client.xadd(regime_stream(), {"regime": regime}, id=f"{begins_ms}-0")
        sent.regime_observations.MergeFrom(memory_pb2.RegimeColumns(regime=[regime], time_ms=[begins_ms]))
        if turn == TRADES:
            break
        opened_ms, closed_ms = begins_ms + 5, begins_ms + MINUTE_MS + 5
        add_trade(redis_client, None, pnl, entry_id=f"{closed_ms}-0", opened_at=opened_ms)
        sent.trade_results.MergeFrom(
            memory_pb2.TradeColumns(realized_pnl=[pnl], policy=["BALANCED"], time_ms=[closed_ms], opened_at=[opened_ms])
        )
    service = start_service(sync_interval_s=0.1)
    await_syncs(service, 1)
    stored, inline = analyze(service), analyze(service, sent)
    assert mean_pnl(stored.analysis) == mean_pnl(inline.analysis) == {"BULL": 3.0, "BEAR": -1.0}
    assert noted(stored.analysis) == noted(inline.analysis) == {"regime_inferred": TRADES}
    for found in (stored.analysis, inline.analysis):
        evidence = {
            figures.regime: max(figures.evidence.policies, key=lambda each: each.observations).mean_pnl
            for figures in found.regimes
        }
        assert evidence["BULL"] > 1.0
        assert evidence["BEAR"] < 0.0
    for number, opened_at in enumerate(("yesterday", "1766296800", str(START_MS + 200 * MINUTE_MS)), 100):
        add_trade(redis_client, None, 9.0, entry_id=f"{START_MS + number * MINUTE_MS}-0", opened_at=opened_at)
    reasons = ("not_a_time", "out_of_range", "after_close")
    refused = Counter({("stream:trade.results", f"opened_at_{reason}"): 1 for reason in reasons})
    eventually(lambda: rejected_by_health(service) == refused, what="each is counted by its reason")
    assert mean_pnl(analyze(service).analysis) == {"BULL": 3.0, "BEAR": -1.0}
