"""Portfolios of a service of several workers: every worker serves each of them, one syncs it, and they come and go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_json
from system.served_by_workers import Stub, health_of, stubs, until_all_serve

from strategic_memory.v1 import service_pb2

pytestmark = [pytest.mark.system, pytest.mark.processes]

CONNECTIONS = 32
"""That all of so many come to one of two workers happens once in two thousand million times."""

THREE = ("alpha", "beta", "gamma")


def naming(*names: str) -> str:
    return "".join(f"[portfolios.{name}]\n" for name in names)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "portfolios.toml"
    written.write_text(naming(*THREE))
    return written


@pytest.fixture
def service(start_service: StartService, file: Path) -> ServiceProcess:
    environment = {"STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file), "STRATEGIC_MEMORY_WORKERS": "2"}
    started = start_service(env=environment)
    until_all_serve(started)
    return started


@contextmanager
def followed(opened: list[Stub], portfolio: str) -> Iterator[list[Any]]:
    """A stream of a portfolio over each connection, each of which has told what is in force."""
    with ExitStack() as stack:
        streams = []
        for stub in opened:
            stream = stub.StreamFeedback(service_pb2.StreamFeedbackRequest(portfolio=portfolio), timeout=300)
            stack.callback(stream.cancel)
            assert next(stream).portfolio == portfolio
            streams.append(stream)
        yield streams


def until_told(stream: Iterator[service_pb2.StreamFeedbackResponse], regime: str) -> str:
    """Read a stream up to the feedback that prefers a regime; give its epoch."""
    for said in stream:
        if said.WhichOneof("event") == "feedback" and said.feedback.preferred_regime == regime:
            epoch: str = said.feedback.epoch
            return epoch
    raise AssertionError("the stream has ended")


def observe(client: redis.Redis, portfolio: str, regime: str) -> None:
    for _ in range(4):
        add_regime(client, regime, 0.3, prefix=f"quantum:{portfolio}", entry_id="*")


def names_at(stub: Stub) -> set[str]:
    return {each.name for each in stub.ListPortfolios(service_pb2.ListPortfoliosRequest(), timeout=30).portfolios}


def tokens_of(service: ServiceProcess) -> dict[str, list[int]]:
    """Return the fencing tokens under which workers have led each portfolio, as their log lines tell."""
    found: dict[str, list[int]] = {}
    for line in service.log_lines():
        if line["event"] == "Leadership gained":
            found.setdefault(line.get("portfolio", ""), []).append(line["fencing_token"])
    return found


def test_streams_of_each_portfolio_on_every_worker_are_told_the_same(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with stubs(service, CONNECTIONS) as opened, ExitStack() as stack:
        for stub in opened:
            eventually(lambda stub=stub: names_at(stub) == {"", *THREE}, 60.0)  # type: ignore[misc]
        streams = {name: stack.enter_context(followed(opened, name)) for name in THREE}
        epochs = set()
        for name, regime in zip(THREE, ("BULL", "BEAR", "RANGE"), strict=True):
            observe(redis_client, name, regime)
            told = {until_told(stream, regime) for stream in streams[name]}
            assert len(told) == 1, name
            epochs |= told
        assert len(epochs) == len(THREE)
        tokens = tokens_of(service)
        assert set(tokens) == {"", *THREE}
        assert all(len(set(each)) == len(each) for each in tokens.values()), "two have led under one token"
        eventually(lambda: health_of(service)["portfolios"]["by_status"] == {"active": 3}, 60.0)


def test_portfolios_come_and_go_on_every_worker(service: ServiceProcess, redis_client: redis.Redis, file: Path) -> None:
    with stubs(service, CONNECTIONS) as opened:
        for stub in opened:
            eventually(lambda stub=stub: names_at(stub) == {"", *THREE}, 60.0)  # type: ignore[misc]
        with followed(opened, "alpha") as ending, followed(opened, "beta") as staying:
            file.write_text(naming("beta", "gamma", "delta"))
            for stream in ending:
                with pytest.raises(grpc.RpcError):
                    list(stream)
                assert stream.code() is grpc.StatusCode.NOT_FOUND
            for stub in opened:
                eventually(lambda stub=stub: names_at(stub) == {"", "beta", "gamma", "delta"}, 60.0)  # type: ignore[misc]
            with followed(opened, "delta") as begun:
                observe(redis_client, "delta", "BULL")
                assert len({until_told(stream, "BULL") for stream in begun}) == 1
            observe(redis_client, "beta", "BEAR")
            assert len({until_told(stream, "BEAR") for stream in staying}) == 1


def test_the_health_of_a_portfolio_that_no_worker_has_been_asked_about_is_there_at_the_first_question(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    observe(redis_client, "alpha", "BULL")
    named = {"STRATEGIC_MEMORY_PORTFOLIOS": "alpha"}
    leading = start_service(env=named)
    eventually(lambda: get_json(leading, "/health?portfolio=alpha")["status"] == "active")
    serving = start_service(env={**named, "STRATEGIC_MEMORY_WORKERS": "2", "STRATEGIC_MEMORY_ROLE": "serve"})
    until_all_serve(serving)
    for _ in range(CONNECTIONS):
        health = eventually(partial(health_of_all, serving, "alpha"))
        assert not [told for told in health["problems"] if "worker" in told]
    assert "cannot be answered" not in serving.output()


def health_of_all(service: ServiceProcess, portfolio: str) -> dict[str, Any]:
    """Return the health of a portfolio; an AssertionError where a busy machine has let a worker run out of time.

    One that is asked and cannot tell says so in time.
    """
    health = get_json(service, f"/health?portfolio={portfolio}")
    assert not [told for told in health["problems"] if "no answer within" in told]
    return health
