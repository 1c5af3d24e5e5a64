"""The example of an agent that learns from its own trades runs, and the service learns from it."""

from __future__ import annotations

import subprocess
import sys
from statistics import mean
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from adapters.loaded_examples import loaded
from conftest import StartService
from processes import REPOSITORY, eventually
from service_calls import get_feedback

from strategic_memory_client.values.results import WARMING_UP
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def run_agent(*arguments: str) -> subprocess.CompletedProcess[str]:
    example = str(REPOSITORY / "examples" / "closed_loop.py")
    command = [sys.executable, "-W", "error", example, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def best_of(newest: Any) -> str:  # noqa: ANN401  of redis-py
    """The regime of the highest mean pnl among trades."""
    pnl: dict[str, list[float]] = {}
    for _, fields in newest:
        pnl.setdefault(fields[b"market_regime"].decode(), []).append(float(fields[b"realized_pnl"]))
    return max(pnl, key=lambda regime: mean(pnl[regime]))


def test_the_agent_records_what_it_traded(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, start_service: StartService
) -> None:
    service = start_service()
    done = run_agent("--address", service.grpc_address, "--redis", redis_server.url, "--trades", "120", "--pause", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "120 trades earned" in done.stdout
    assert redis_client.xlen("quantum:stream:trade.results") == 120
    # Which one earned best is a matter of when the advice came that it traded by.
    best = best_of(redis_client.xrevrange("quantum:stream:trade.results", count=30))
    eventually(lambda: get_feedback(service).preferred_regime == best)


@pytest.mark.processes
def test_without_a_redis_it_says_so_in_a_sentence() -> None:
    for where, said in (
        (("--redis", "redis://:secret@127.0.0.1:1/0"), "Redis is out of reach: "),
        (("--redis", "nowhere"), "redis_url: "),
        (("--address", "nowhere"), "address: 'nowhere' is not one"),
    ):
        done = run_agent(*where, "--trades", "1")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert done.stderr.startswith(f"closed_loop.py: {said}")
        assert done.stderr.endswith("; look at --redis and --address\n")
        assert "secret" not in done.stderr


def test_agents_that_begin_in_one_second_share_no_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service counts a trade id once: those of the second agent would be lost without a word."""
    agent = loaded("closed_loop")
    monkeypatch.setattr(agent.time, "time", lambda: 1_767_225_600.0)
    ids: list[str] = []
    writer = SimpleNamespace(
        observe_regime=lambda *_, **__: None, record_trade=lambda *_, trade_id, **__: ids.append(trade_id)
    )
    for _ in range(2):
        agent.trade(SimpleNamespace(newest=WARMING_UP), writer, 3, 0.0, seed=7)
    assert len(set(ids)) == len(ids) == 6
