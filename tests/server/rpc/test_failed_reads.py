"""FailedReads: however often callers try again while Redis cannot be read, the log is told of it once in a while."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from structlog.testing import capture_logs

from strategic_memory.v1 import service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.faults.errors import LogNotReadError, MemoryUnreadableError
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.analyst import AnalysisSources, Analyst
from strategic_memory_server.rpc.failed_reads import PERIOD_S, FailedReads
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio, Sources


class Away:
    """What is read of a Redis that is away."""

    leverage_caps = change = None

    def another(self, *_of: object) -> Away:
        return self

    async def load(self) -> None:
        raise RedisConnectionError("away")

    async def read_after(self, _revision: int, _count: int) -> None:
        raise RedisConnectionError("away")


async def test_subscribers_that_try_again_and_again_leave_one_line() -> None:
    away: Any = Away()
    hub = FeedbackHub("1.0.0", 256)
    portfolio = ServedPortfolio(Sources(hub, ChangeSignal(), away, away, away, hub.now_ms))
    with capture_logs() as lines:
        for _ in range(100):
            with pytest.raises(LogNotReadError):
                await portfolio.read_log(1)
    assert [line["event"] for line in lines] == ["Feedback log cannot be read for a subscriber"]


async def test_analyses_that_are_asked_for_again_and_again_leave_one_line() -> None:
    away: Any = Away()
    sources = AnalysisSources(away, away, away, away, lambda: 0)
    analyst = Analyst(sources, AdviceSettings(), AnalysisThreads())
    with capture_logs() as lines:
        for _ in range(100):
            with pytest.raises(MemoryUnreadableError):
                await analyst.of_stored_memory(service_pb2.AnalyzeRequest())
    assert [line["event"] for line in lines] == ["Memory cannot be read for an analysis"]


def test_it_says_again_what_lasts_and_how_often_it_did_not() -> None:
    now_s = 0.0
    failed = FailedReads(lambda: now_s)
    away: RedisError = RedisConnectionError("away")
    with capture_logs() as lines:
        for _ in range(5):
            failed.tell("A cannot be read", away)
        failed.tell("B cannot be read", ResponseError("NOPERM"))
        now_s += PERIOD_S
        failed.tell("A cannot be read", away)
        now_s += PERIOD_S
        failed.tell("A cannot be read", away)
    told = [(line["event"], line["left_out"]) for line in lines]
    assert told == [("A cannot be read", 0), ("B cannot be read", 0), ("A cannot be read", 4), ("A cannot be read", 0)]
    assert lines[1]["error"] == "ResponseError: NOPERM"
