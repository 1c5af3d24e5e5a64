"""A client asks about one portfolio, and takes nothing that is about another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import grpc
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

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc
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


class OlderForWhatChanges(admin_pb2_grpc.StrategicMemoryAdminServiceServicer):
    """A proxy before servers of two versions: the first override comes to one that knows no portfolios."""

    def __init__(self) -> None:
        self.overrides = 0

    def GetState(self, request: admin_pb2.GetStateRequest, context: grpc.ServicerContext) -> admin_pb2.GetStateResponse:
        return admin_pb2.GetStateResponse(state=admin_pb2.AdminState(portfolio=request.portfolio))

    def SetOverride(
        self, request: admin_pb2.SetOverrideRequest, context: grpc.ServicerContext
    ) -> admin_pb2.SetOverrideResponse:
        self.overrides += 1
        carried_out_on = "" if self.overrides == 1 else request.portfolio
        return admin_pb2.SetOverrideResponse(state=admin_pb2.AdminState(portfolio=carried_out_on))

    def ClearOverride(
        self, request: admin_pb2.ClearOverrideRequest, context: grpc.ServicerContext
    ) -> admin_pb2.ClearOverrideResponse:
        raise NotImplementedError

    def Freeze(self, request: admin_pb2.FreezeRequest, context: grpc.ServicerContext) -> admin_pb2.FreezeResponse:
        raise NotImplementedError


def override(addresses: tuple[str, ...]) -> None:
    with StrategicMemoryClient(addresses, options=ALPHA) as client:
        client.admin.set_override(leverage=0.3, reason="a test", end=timedelta(minutes=5))


async def override_async(addresses: tuple[str, ...]) -> None:
    async with AsyncStrategicMemoryClient(addresses, options=ALPHA) as client:
        await client.admin.set_override(leverage=0.3, reason="a test", end=timedelta(minutes=5))


@pytest.mark.parametrize("say", [override, lambda addresses: asyncio.run(override_async(addresses))])
def test_an_override_of_the_wrong_portfolio_is_told_and_not_said_again(say: Callable[[tuple[str, ...]], None]) -> None:
    """The next server was asked, did it, and nobody heard of the override of the default portfolio."""
    proxy, server = OlderForWhatChanges(), grpc.server(ThreadPoolExecutor(4))
    admin_pb2_grpc.add_StrategicMemoryAdminServiceServicer_to_server(proxy, server)
    ports = [server.add_insecure_port("127.0.0.1:0") for _ in range(2)]
    server.start()
    try:
        with pytest.raises(UnsupportedOperationError, match="may hold all the same"):
            say(tuple(f"127.0.0.1:{port}" for port in ports))
    finally:
        server.stop(grace=None).wait(10)
    assert proxy.overrides == 1


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
