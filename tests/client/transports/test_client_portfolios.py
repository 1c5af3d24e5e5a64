"""A client asks about one portfolio, and takes nothing that is about another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from client.both_clients import CALLERS, AsyncCaller, BlockingCaller
from client.command_line import run
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import Response, ScriptedPeer, Stream
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime

from strategic_memory_client import (
    AsyncStrategicMemoryClient,
    ClientOptions,
    PortfolioState,
    StrategicMemoryClient,
    UnknownPortfolioError,
    UnsupportedOperationError,
)

WAITING = ClientOptions(timeout_s=30.0, connect_timeout_s=30.0)
ALPHA = replace(WAITING, portfolio="alpha")


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    started = start_service(
        env={"STRATEGIC_MEMORY_PORTFOLIOS": "alpha,beta", "STRATEGIC_MEMORY_PUBLIC": "admin", **PATIENT},
        sync_interval_s=0.2,
    )
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4, prefix="quantum:alpha", entry_id="*")
    with StrategicMemoryClient(started.grpc_address, options=WAITING) as asking:
        eventually(lambda: len(asking.list_portfolios()) == 3)
    with StrategicMemoryClient(started.grpc_address, options=ALPHA) as asking:
        eventually(lambda: asking.get_feedback().revision)
    return started


@pytest.mark.parametrize("caller", CALLERS)
def test_everything_is_about_the_portfolio_that_was_asked_for(
    service: ServiceProcess, caller: type[BlockingCaller | AsyncCaller]
) -> None:
    with caller(service.grpc_address, options=ALPHA) as client:
        found = client.get_feedback()
        assert (found.portfolio, found.preferred_regime) == ("alpha", "BULL")
        analyzed = client.analyze()
        assert (analyzed.analysis.preferred_regime, analyzed.feedback.portfolio) == ("BULL", "alpha")
        assert next(iter(client.stream_feedback())).portfolio == "alpha"
        client.follow()
        assert client.wait_for_newest().portfolio == "alpha"
    with caller(service.grpc_address, options=WAITING) as client:
        assert client.get_feedback().portfolio == ""
        assert client.analyze().analysis.preferred_regime == "UNKNOWN"


@pytest.mark.parametrize("caller", CALLERS)
def test_an_unknown_portfolio_is_an_error_that_names_the_nearest(
    service: ServiceProcess, caller: type[BlockingCaller | AsyncCaller]
) -> None:
    with caller(service.grpc_address, options=replace(WAITING, portfolio="alhpa")) as client:
        with pytest.raises(UnknownPortfolioError, match="is alpha meant") as refused:
            client.get_feedback()
        assert (refused.value.portfolio, refused.value.nearest) == ("alhpa", "alpha")
        with pytest.raises(UnknownPortfolioError):
            next(iter(client.stream_feedback()))


@pytest.mark.parametrize("caller", CALLERS)
def test_what_an_older_service_says_of_its_only_memory_is_not_taken(caller: type[BlockingCaller | AsyncCaller]) -> None:
    def says(_stream: Stream) -> Iterator[Response]:
        yield feedback_response(7)

    with ScriptedPeer(says) as peer:
        peer.feedback, peer.knows_portfolios = feedback_message(7), False
        with caller(peer.address, options=ALPHA) as client:
            with pytest.raises(UnsupportedOperationError, match="knows no portfolios"):
                client.get_feedback()
            with pytest.raises(UnsupportedOperationError, match="knows no portfolios"):
                next(iter(client.stream_feedback()))
            client.follow()
            assert client.wait_for_newest(1).status == "WARMING_UP"


def test_whoever_may_ask_about_no_portfolio_is_told_of_none_at_once() -> None:
    async def ask() -> tuple[PortfolioState, ...]:
        async with AsyncStrategicMemoryClient(peer.address) as client:
            return await client.list_portfolios()

    with ScriptedPeer() as peer:
        peer.listed = []
        with StrategicMemoryClient(peer.address) as client:
            assert client.list_portfolios() == ()
        assert asyncio.run(ask()) == ()
        assert peer.unary_calls == 2


def test_what_is_no_name_is_refused_before_anybody_is_asked() -> None:
    for name in ("a b", "x" * 65, "a:b"):
        with pytest.raises(ValueError, match="portfolio must be 1 to 64 letters"):
            StrategicMemoryClient(portfolio=name)
        with pytest.raises(ValueError, match="portfolio must be 1 to 64 letters"):
            AsyncStrategicMemoryClient(portfolio=name)


def test_an_operator_overrides_one_portfolio(service: ServiceProcess) -> None:
    with StrategicMemoryClient(service.grpc_address, options=ALPHA) as client:
        state = client.admin.set_override(leverage=0.3, reason="a test", end=timedelta(minutes=5))
        assert state.feedback.portfolio == "alpha"
        assert (state.portfolio, state.is_in_force, client.get_feedback().leverage_hint) == ("alpha", True, 0.3)
    with StrategicMemoryClient(service.grpc_address, portfolio="beta", options=WAITING) as client:
        assert client.admin.get_state().override is None


def test_the_commands_ask_about_a_portfolio(service: ServiceProcess) -> None:
    address = ("--address", service.grpc_address, "--timeout", "30")
    got = run("get", "--json", *address, "--portfolio", "alpha")
    assert json.loads(got.out)["portfolio"] == "alpha"
    assert "portfolio" not in json.loads(run("get", "--json", *address).out)
    by_environment = run("get", "--json", *address, env={"STRATEGIC_MEMORY_PORTFOLIO": "alpha"})
    assert json.loads(by_environment.out)["portfolio"] == "alpha"
    unknown = run("get", *address, "-p", "alhpa")
    assert (unknown.code, unknown.out) == (5, "")
    assert "is alpha meant?" in unknown.err
    wrong = run("get", *address, "-p", "a b")
    assert wrong.code == 2
    assert "portfolio must be 1 to 64 letters" in wrong.err
    listed = [json.loads(line) for line in run("portfolios", "--json", *address).out.splitlines()]
    assert [each["name"] for each in listed] == ["", "alpha", "beta"]
    assert listed[1]["preferred_regime"] == "BULL"


def test_a_context_holds_a_portfolio(service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory) -> None:
    kept = {"STRATEGIC_MEMORY_CONTEXTS": str(tmp_path_factory.mktemp("contexts") / "contexts.json")}
    assert run("context", "add", "desk", "--address", service.grpc_address, "-p", "alpha", env=kept).code == 0
    assert json.loads(run("get", "--json", env=kept).out)["portfolio"] == "alpha"
    assert json.loads(run("get", "--json", "-p", "beta", env=kept).out)["portfolio"] == "beta"
