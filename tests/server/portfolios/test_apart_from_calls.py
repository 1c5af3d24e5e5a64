"""What goes on in a portfolio is no part of the call that has opened it: its log lines would name that one for good."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.feedback_tail import FeedbackTail
from strategic_memory_server.tracing.recorded import RecordedTracing


async def test_what_follows_a_log_is_no_part_of_the_trace_of_the_first_call(
    redis_server: EmbeddedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text("[portfolios.desk]\n")
    asked = {
        "redis_url": redis_server.url,
        "portfolio_file": str(file),
        "grpc_address": "127.0.0.1:0",
        "http_address": "127.0.0.1:0",
        "role": "serve",
    }
    belongs_to_trace, run = [], FeedbackTail.run

    async def seen(tail: FeedbackTail) -> None:
        belongs_to_trace.append(trace.get_current_span().get_span_context().is_valid)
        await run(tail)

    monkeypatch.setattr(FeedbackTail, "run", seen)
    tracing = RecordedTracing(TracerProvider(shutdown_on_exit=False))
    async with (
        open_service(read_environment(asked).service_settings(), tracing=tracing) as service,
        grpc.aio.insecure_channel(service.grpc_address) as channel,
    ):
        stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
        request = service_pb2.GetFeedbackRequest(portfolio="desk")
        assert (await stub.GetFeedback(request, wait_for_ready=True, timeout=30)).portfolio == "desk"
    assert belongs_to_trace == [False, False], "the default one, and the one that was asked for"
