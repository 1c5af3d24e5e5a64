"""Analyses of observations in the request: packed or not they get the same answer, and all trades are evidence."""

from __future__ import annotations

from random import Random
from typing import Any

import grpc
import pytest
from in_process_server import InProcessServer
from malformed_requests import good_memory
from packed_memory import packed_memory

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.analyses.analysis_threads import LARGE_REQUEST_BYTES

TRADES = 300
PATH = "/strategic_memory.v1.StrategicMemoryService/Analyze"


def asked(
    memory: memory_pb2.InlineMemory, settings: analysis_pb2.AnalysisSettings | None = None
) -> service_pb2.AnalyzeRequest:
    return service_pb2.AnalyzeRequest(inline=memory, settings=settings)


@pytest.mark.parametrize("rules", [feedback_pb2.RULES_REFERENCE, feedback_pb2.RULES_EVIDENCE])
@pytest.mark.parametrize("seed", range(3))
async def test_packed_or_not_the_answer_is_the_same(
    service: InProcessServer, seed: int, rules: feedback_pb2.Rules.ValueType
) -> None:
    memory = good_memory(Random(seed), 200)
    settings = analysis_pb2.AnalysisSettings(trade_window=150, rules=rules)
    answer = await service.client.analyze(asked(memory, settings))
    assert len(answer.analysis.regimes) == 3
    assert await service.client.analyze(asked(packed_memory(memory), settings)) == answer


async def test_a_large_request_is_answered_like_a_small_one(service: InProcessServer) -> None:
    memory = good_memory(Random(1), 200)
    settings = analysis_pb2.AnalysisSettings()
    answer = await service.client.analyze(asked(memory, settings))
    # A name of a portfolio makes it large, and is none: of a field that is given twice the last one counts.
    large = b"\x22" + _length(LARGE_REQUEST_BYTES) + b"x" * LARGE_REQUEST_BYTES + b"\x22\x00"
    async with grpc.aio.insecure_channel(service.server.address) as channel:
        analyze: Any = channel.unary_unary(PATH)
        raw = await analyze(asked(memory, settings).SerializeToString() + large, timeout=30)
    assert service_pb2.AnalyzeResponse.FromString(raw) == answer


def _length(size: int) -> bytes:
    """A length as the wire has it: seven bits a byte, the lowest first."""
    low, rest = size & 0x7F, size >> 7
    return bytes([low | 0x80]) + _length(rest) if rest else bytes([low])


async def test_the_evidence_is_of_all_trades_and_the_figures_of_the_window(service: InProcessServer) -> None:
    memory = good_memory(Random(2), TRADES)
    sums = EvidenceSums(EvidenceSettings().decay)
    trades = memory.trade_results
    for name, traded, pnl in zip(trades.market_regime, trades.policy, trades.realized_pnl, strict=True):
        if traded:
            sums = updated(sums, name.strip().upper(), Policy[traded.upper()], pnl)
    settings = analysis_pb2.AnalysisSettings(trade_window=20)
    answer = await service.client.analyze(asked(memory, settings))
    assert sum(regime.performance.trades for regime in answer.analysis.regimes) == 20
    assert sums.observations > TRADES // 2
    for regime in answer.analysis.regimes:
        assert regime.evidence.observations == sums.observations
        found = {each.policy: each for each in regime.evidence.policies}
        for policy, cell in zip(Policy, sums.of(regime.regime), strict=True):
            assert found[feedback_pb2.Policy.Value(f"POLICY_{policy.name}")].observations == cell.observations
    assert answer.feedback.evidence.observations == sums.observations
