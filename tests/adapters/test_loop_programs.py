"""The programs of `examples/` that close the loop, beside a real service: what they propose, write and leave alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from adapters.loaded_examples import AGGRESSIVE, BALANCED, advice, loaded
from conftest import StartService
from processes import REPOSITORY, ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json, get_json_from

from strategic_memory.v1 import feedback_pb2
from strategic_memory_client import LeverageCap, StrategicMemoryClient
from strategic_memory_client.values.results import WARMING_UP
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

POLICY, STATISTICS = "quantum:governance:policy", "quantum:exit:statistics"


class Program:
    """A program of the examples that runs."""

    def __init__(self, name: str, output: Path, *arguments: str) -> None:
        self._output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", str(REPOSITORY / "examples" / f"{name}.py"), *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> list[str]:
        """Lines that it has written."""
        return self._output.read_text().splitlines()

    def wait_for(self, *words: str) -> str:
        """Wait for a line with all these words."""
        return eventually(
            lambda: next((line for line in self.said if all(word in line for word in words)), None),
            what=f"{words} in {self.said}",
        )

    def end(self) -> list[str]:
        """End it as a user does; return what it has said."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.said
        return self.said


@contextmanager
def running(name: str, output: Path, *arguments: str) -> Iterator[Program]:
    program = Program(name, output, *arguments)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait()


def make_bold(client: redis.Redis, service: ServiceProcess) -> None:
    """Let a bull market pay until the service is sure of it."""
    for _ in range(30):
        add_regime(client, "BULL", 0.5)

    def is_sure() -> bool:
        said = get_feedback(service)
        # It may be as bold before it has read all of them, and then its confidence is not the last one.
        is_whole = said.regime_performance.sample_count == 30
        return is_whole and said.current.policy == feedback_pb2.POLICY_AGGRESSIVE

    eventually(is_sure)


def make_careful(client: redis.Redis, service: ServiceProcess) -> None:
    """Let the market turn."""
    add_regime(client, "BEAR", -0.5)
    eventually(lambda: get_feedback(service).current.policy == feedback_pb2.POLICY_CONSERVATIVE)


def test_the_leverage_of_one_regime_is_not_taken_in_another() -> None:
    leverage_for = loaded("closed_loop").leverage_for
    bold = replace(advice(AGGRESSIVE, 0.9), preferred_regime="BULL", updated_policy=AGGRESSIVE, leverage_hint=1.9)
    capped = replace(bold, leverage_hint=0.4, leverage_caps=(LeverageCap("risk:leverage_limits", 0.4),))
    assert [leverage_for(bold, regime) for regime in ("BULL", "BEAR")] == [1.9, 1.0]
    assert leverage_for(capped, "BEAR") == 0.4


def test_exits_stay_within_their_bounds_whatever_the_confidence() -> None:
    exit_engine = loaded("exit_engine")
    usual = exit_engine.Scales(1.0, 1.0)
    for confidence, take_profit, stop_loss in (
        (0.0, 0.7, 0.5),
        (0.25, 0.85, 0.75),
        (0.5, 1.0, 1.0),
        (1.0, 1.3, 1.0),
        (7.0, 1.3, 1.0),
        (-7.0, 0.7, 0.5),
    ):
        found = exit_engine.scales(advice(BALANCED, confidence))
        assert (found.take_profit, found.stop_loss) == pytest.approx((take_profit, stop_loss))
    assert exit_engine.scales(advice(BALANCED, 0.9).as_stale()) == exit_engine.scales(WARMING_UP) == usual
    position = exit_engine.Position.opened(usual)
    for by, stop_loss in (
        (exit_engine.Scales(1.3, 0.5), 0.0075),
        (usual, 0.0075),
        (exit_engine.Scales(1, 0.8), 0.0075),
    ):
        position.tighten(by)
        assert position.stop_loss == pytest.approx(stop_loss)
    assert [position.exit(price) for price in (1.019, 1.0201, 0.9924, 0.993)] == ["", "take_profit", "stop_loss", ""]


@pytest.mark.processes
def test_governance_writes_when_asked_to_and_never_from_stale_advice_nor_over_others(
    start_service: StartService, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    service = start_service(sync_interval_s=0.2)
    make_bold(redis_client, service)
    where = ("--address", service.grpc_address, "--redis", redis_server.url)
    with running("governance", tmp_path / "proposes", *where, "--hold", "0") as program:
        program.wait_for("proposes AGGRESSIVE in place of CONSERVATIVE (BULL, confidence 0.", "not written without")
        assert redis_client.get(POLICY) is None
        program.end()
    with running("governance", tmp_path / "writes", *where, "--write", "--hold", "0.5") as program:
        program.wait_for("wrote AGGRESSIVE in place of CONSERVATIVE")
        assert redis_client.get(POLICY) == b"AGGRESSIVE"
        make_careful(redis_client, service)
        program.wait_for("wrote CONSERVATIVE in place of AGGRESSIVE (BEAR, confidence")
        assert redis_client.get(POLICY) == b"CONSERVATIVE"
        redis_client.set(POLICY, "BALANCED")
        program.wait_for("proposes CONSERVATIVE in place of BALANCED", "somebody else has set", "left alone")
        redis_client.set(POLICY, b"\xff")
        program.wait_for("holds no policy: set it to one of CONSERVATIVE, BALANCED, AGGRESSIVE, or delete it")
        redis_client.set(POLICY, "reckless")
        redis_client.set(POLICY, "BALANCED")
        service.kill()
        program.wait_for("advice is STALE: nothing is proposed, BALANCED stays")
        program.end()
    assert redis_client.get(POLICY) == b"BALANCED"


@pytest.mark.processes
def test_the_exit_engine_tells_the_service_how_positions_ended_when_asked_to(
    start_service: StartService, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    service = start_service(sync_interval_s=0.2)
    make_bold(redis_client, service)
    # It begins without advice after 2 s; with pauses there is time for it to come before the last position.
    where = ("--address", service.grpc_address, "--redis", redis_server.url, "--positions", "20", "--pause", "0.25")
    for number, flags in enumerate(((), ("--write",))):
        with running("exit_engine", tmp_path / str(number), *where, *flags) as program:
            assert program.process.wait(60) == 0, program.said
        assert (redis_client.get(STATISTICS) is not None) is bool(flags)
        scale = float(program.wait_for("scales now", "advice is ACTIVE").split("take-profit ")[1][:4])
        assert 1.0 < scale <= 1.3
    told: Any = redis_client.get(STATISTICS)
    ends = json.loads(told)
    assert ends["exits"] == 20 == ends["take_profit"] + ends["stop_loss"] + ends["timed_out"]
    with StrategicMemoryClient(service.grpc_address) as client:
        eventually(lambda: getattr(client.analyze().analysis.context, "exit_statistics", None) == ends)
    with running("exit_engine", tmp_path / "away", "--address", "127.0.0.1:1", "--positions", "1", "--write",
                 "--redis", "redis://:secret@127.0.0.1:1/0") as program:  # fmt: skip
        assert program.process.wait(60) == 1
    assert "take-profit 1.00, stop-loss 1.00 (advice is WARMING_UP)" in "\n".join(program.said)
    assert any(line.startswith("the statistics cannot be written, look at --redis: ") for line in program.said)
    assert "secret" not in "\n".join(program.said)


@pytest.mark.processes
def test_the_exit_engine_does_not_say_of_what_redis_took_that_it_cannot_be_written(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    exit_engine, set_key = loaded("exit_engine"), redis.Redis.set
    assert exit_engine.unwritten(redis_server.url, STATISTICS, "{}") == ""

    def without_an_answer(self: redis.Redis, key: str, text: str) -> None:
        set_key(self, key, text)
        raise redis.TimeoutError("Timeout reading from socket")

    monkeypatch.setattr(redis.Redis, "set", without_an_answer)
    why = f"Redis gave no answer, so {STATISTICS} may hold the statistics or not: Timeout reading from socket"
    assert exit_engine.unwritten(redis_server.url, STATISTICS, '{"exits": 1}') == why
    assert redis_client.get(STATISTICS) == b'{"exits": 1}'


@pytest.mark.processes
def test_the_health_of_the_engine_has_that_of_the_memory_and_says_when_it_cannot_be_asked(
    start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    service = start_service(sync_interval_s=0.2)
    make_bold(redis_client, service)
    with running("ai_engine_health", tmp_path / "alone", "--listen", "127.0.0.1:0") as program:
        assert set(health_at(program)["metrics"]) == {"ai_engine"}
        other = ("--listen", "127.0.0.1:0", "--memory", program.said[0].split("//")[1].partition("/")[0])
        with running("ai_engine_health", tmp_path / "of another", *other) as mistaken:
            # Of one that does not answer within a second it says just that, and asks again.
            told = eventually(
                lambda: found if "with a status" in (found := health_at(mistaken))["problems"][0] else None
            )
            assert told["metrics"]["strategic_memory"]["status"] == "unreachable"
            assert told["problems"][0].endswith("with a status: is it the HTTP side of the service?")
            mistaken.end()
        program.end()
    merged = ("--listen", "127.0.0.1:0", "--memory", service.http_address)
    with running("ai_engine_health", tmp_path / "merged", *merged) as program:
        told = eventually(lambda: found if memory_of(found := health_at(program))["status"] == "active" else None)
        own, memory = get_json(service)["metrics"]["strategic_memory"], memory_of(told)
        assert memory == {**own, "last_update": memory["last_update"]}
        assert (told["status"], own["status"], own["recommended_policy"]) == ("ok", "active", "AGGRESSIVE")
        service.kill()
        away = eventually(lambda: found if memory_of(found := health_at(program))["status"] != "active" else None)
        assert memory_of(away) == {
            "status": "unreachable",
            "recommended_policy": "CONSERVATIVE",
            "confidence_boost": 0.0,
            "leverage_hint": 1.0,
            "preferred_regime": "UNKNOWN",
        }
        assert f"{service.http_address} does not say how it is" in away["problems"][0]
        program.end()


def memory_of(health: dict[str, Any]) -> dict[str, Any]:
    memory: dict[str, Any] = health["metrics"]["strategic_memory"]
    return memory


def health_at(program: Program) -> dict[str, Any]:
    address = program.wait_for("health at http://").split("//")[1].partition("/")[0]
    return get_json_from(address)
