"""FailedReads: however often callers try again while Redis cannot be read, the log is told of it once in a while."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from structlog.testing import capture_logs

from strategic_memory.v1 import service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.faults.errors import LogNotReadError, MemoryUnreadableError
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.portfolios.making import make_portfolio
from strategic_memory_server.portfolios.shared_resources import SharedResources, reach
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.log_settings import LogSettings
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.analyst import AnalysisSources, Analyst
from strategic_memory_server.rpc.failed_reads import PERIOD_S, FailedReads
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio, Sources
from strategic_memory_server.sync.sync_settings import SyncSettings


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


def test_all_portfolios_of_a_process_leave_one_line_together() -> None:
    redis = reach(RedisSettings(), Problems(), is_shared=True)
    shared = SharedResources(*(MagicMock() for _ in range(13)))
    settings = PortfolioSettings("quantum", SyncSettings(), LogSettings())
    with capture_logs() as lines:
        for number in range(10):
            told = make_portfolio(f"p{number}", settings, redis, shared, Problems()).served.sources
            told.failed_reads.tell("A cannot be read", RedisConnectionError("away"))
            told.analyst._sources.failed_reads.tell("A cannot be read", RedisConnectionError("away"))
    assert len(lines) == 1


def test_what_was_left_out_of_an_outage_is_not_told_of_the_next_one() -> None:
    now_s = 0.0
    failed = FailedReads(lambda: now_s)
    with capture_logs() as lines:
        for wait_s in (1.0, 86_400.0, 1.0, PERIOD_S, 0.0):
            failed.tell("A cannot be read", RedisConnectionError("away"))
            now_s += wait_s
    assert [line["left_out"] for line in lines] == [0, 0, 1]


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
