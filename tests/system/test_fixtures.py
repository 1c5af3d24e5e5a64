"""The tools of the tests themselves: waiting with a bound, required tools, golden cases."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import redis
from processes import aeventually, eventually, process_is_gone, require_tool, service_environment
from redis_inputs import add_portfolio, add_regime, add_trade, golden_cases, load_golden_case, read_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def test_waiting_gives_the_value_and_gives_up_with_a_reason() -> None:
    values = iter([None, 0, "there"])
    assert eventually(lambda: next(values)) == "there"
    with pytest.raises(pytest.fail.Exception, match=r"not within 0.05 s: the moon; last value 0"):
        eventually(lambda: 0, 0.05, what="the moon")


def test_a_failed_assertion_is_not_yet() -> None:
    def never() -> bool:
        assert [] == [1], "still empty"
        return True

    with pytest.raises(pytest.fail.Exception, match="still empty"):
        eventually(never, 0.05)


async def test_waiting_in_a_loop_takes_functions_and_coroutine_functions() -> None:
    values = iter([False, True, False, 7])

    async def later() -> int | bool:
        return next(values)

    assert await aeventually(lambda: next(values)) is True
    assert await aeventually(later) == 7
    with pytest.raises(pytest.fail.Exception, match="last value False"):
        await aeventually(lambda: False, 0.05)


def test_a_missing_tool_skips_unless_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRATEGIC_MEMORY_TEST_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool is not installed"):
        require_tool("no-such-tool")
    monkeypatch.setenv("STRATEGIC_MEMORY_TEST_REQUIRE", "grpcurl, no-such-tool")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool is required"):
        require_tool("no-such-tool")


def test_a_process_that_only_waits_to_be_reaped_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    assert not process_is_gone(os.getpid())
    eventually(lambda: process_is_gone(process.pid))
    assert process.wait() == 0
    assert process_is_gone(process.pid)


def test_a_service_under_test_does_not_inherit_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "MEMORY_SYNC_INTERVAL", "STRATEGIC_MEMORY_KEY_PREFIX"):
        monkeypatch.setenv(name, "outside")
    environment = service_environment({"REDIS_URL": "redis://127.0.0.1:1/0"})
    assert environment["REDIS_URL"] == "redis://127.0.0.1:1/0"
    assert environment["STRATEGIC_MEMORY_GRPC_ADDRESS"] == "127.0.0.1:0"
    assert "outside" not in environment.values()


def test_the_shared_redis_is_emptied_before_each_test(session_redis: EmbeddedRedis) -> None:
    with redis.Redis.from_url(session_redis.url) as client:
        client.set("left", "over")


def test_the_shared_redis_was_emptied(redis_client: redis.Redis) -> None:
    assert redis_client.dbsize() == 0


def test_golden_cases_load_whole(redis_client: redis.Redis) -> None:
    cases = golden_cases()
    assert len(cases) == 40
    load_golden_case(redis_client, cases[0])
    for stream, entries in cases[0].streams.items():
        assert redis_client.xlen(stream) == len(entries)
    for key, value in cases[0].keys.items():
        assert redis_client.get(key) == value.encode()


def test_inputs_are_written_as_documented(redis_client: redis.Redis) -> None:
    add_regime(redis_client, "RANGE", "nan", confidence=None)
    add_portfolio(redis_client, 0.5, regime=None, entry_id="5-1")
    add_trade(redis_client, "BEAR", -1, policy=None, strategy="breakout")
    [(_, regime)] = read_stream(redis_client, "quantum:stream:meta.regime")
    assert regime[b"regime"] == b"RANGE"
    assert regime[b"pnl"] == b"nan"
    assert b"confidence" not in regime
    [(entry_id, portfolio)] = read_stream(redis_client, "quantum:stream:portfolio.memory")
    assert entry_id == b"5-1"
    assert b"regime" not in portfolio
    [(_, trade)] = read_stream(redis_client, "quantum:stream:trade.results")
    assert trade == {b"market_regime": b"BEAR", b"realized_pnl": b"-1", b"strategy": b"breakout"}
