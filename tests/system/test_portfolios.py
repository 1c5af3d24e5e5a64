"""Several portfolios in one service: each has its own memory, log and settings; they come and go while it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
from conftest import StartService
from faults.process_signals import suspended
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_json, get_text, stub_of

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc, feedback_pb2, service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.memory.shard import Shard
from strategic_memory_server.portfolios.open_portfolios import OPENED_AT_ONCE
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.system

TWO = """
[portfolios.alpha]

[portfolios.beta]
minimum_samples = 5
"""
OTHERS = """
[portfolios.beta]
minimum_samples = 4

[portfolios.gamma]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "portfolios.toml"
    written.write_text(TWO)
    return written


@pytest.fixture
def service(start_service: StartService, file: Path) -> ServiceProcess:
    environment = {
        "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file),
        "STRATEGIC_MEMORY_LEASE": "1",
        "STRATEGIC_MEMORY_PUBLIC": "admin",
    }
    return start_service(env=environment)


def feedback_of(service: ServiceProcess, portfolio: str) -> feedback_pb2.Feedback:
    with stub_of(service) as stub:
        answer = stub.GetFeedback(service_pb2.GetFeedbackRequest(portfolio=portfolio), timeout=30)
    assert answer.portfolio == portfolio
    return answer.feedback


def listed(service: ServiceProcess) -> dict[str, service_pb2.Portfolio]:
    with stub_of(service) as stub:
        return {each.name: each for each in stub.ListPortfolios(service_pb2.ListPortfoliosRequest()).portfolios}


def refusal(call: Callable[[], object]) -> tuple[grpc.StatusCode | None, str, dict[str, Any]]:
    with pytest.raises(grpc.RpcError) as refused:
        call()
    told: Any = refused.value
    return told.code(), told.details(), dict(told.trailing_metadata())


def answers(call: Callable[[], object]) -> bool:
    try:
        call()
    except grpc.RpcError as refused:
        told: Any = refused
        assert told.code() is grpc.StatusCode.UNAVAILABLE, told
        return False
    return True


def observe(client: redis.Redis, portfolio: str, regime: str, count: int) -> None:
    for _ in range(count):
        add_regime(client, regime, 0.3, prefix=f"quantum:{portfolio}", entry_id="*")


def test_each_portfolio_has_a_memory_of_its_own(service: ServiceProcess, redis_client: redis.Redis) -> None:
    eventually(lambda: set(listed(service)) == {"", "alpha", "beta"}, 30.0)
    observe(redis_client, "alpha", "BULL", 4)
    observe(redis_client, "beta", "BEAR", 4)
    eventually(lambda: feedback_of(service, "alpha").preferred_regime == "BULL", 30.0)
    assert feedback_of(service, "beta").status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP, "it wants five entries"
    observe(redis_client, "beta", "BEAR", 1)
    eventually(lambda: feedback_of(service, "beta").preferred_regime == "BEAR", 30.0)
    assert not feedback_of(service, "").revision
    # Each under keys, a lease and an epoch of its own.
    keys = [LogKeys.under(f"quantum:{name}") for name in ("alpha", "beta")]
    # A lease that was renewed too late is taken anew.
    eventually(lambda: all(redis_client.exists(each.lease, each.log, each.state) == 3 for each in keys), 30.0)
    found = listed(service)
    assert len({each.epoch for each in found.values()}) == 3
    assert (found["alpha"].preferred_regime, found["beta"].preferred_regime) == ("BULL", "BEAR")
    with stub_of(service) as stub:
        analysis = stub.Analyze(service_pb2.AnalyzeRequest(portfolio="beta"), timeout=30)
    assert (analysis.portfolio, analysis.analysis.preferred_regime) == ("beta", "BEAR")
    shown = get_json(service)["portfolios"]
    assert (shown["total"], shown["by_status"], shown["with_problems"]) == (2, {"active": 2}, 0)
    assert get_json(service, "/health?portfolio=beta")["metrics"]["strategic_memory"]["preferred_regime"] == "BEAR"
    metrics = get_text(service, "/metrics")
    assert 'strategic_memory_revision{portfolio="alpha"} ' in metrics
    assert 'strategic_memory_portfolios{status="active"} 2.0' in metrics
    assert get_json(service, "/page/portfolios")["total"] == 3
    assert {line.get("portfolio") for line in service.log_lines() if line["event"] == "Leadership gained"} == {
        None,
        "alpha",
        "beta",
    }


def test_what_is_no_portfolio_is_refused(service: ServiceProcess) -> None:
    eventually(lambda: len(listed(service)) == 3, 30.0)
    with stub_of(service) as stub, grpc.insecure_channel(service.grpc_address) as channel:
        admin = admin_pb2_grpc.StrategicMemoryAdminServiceStub(channel)
        calls: list[Callable[[str], object]] = [
            lambda name: stub.GetFeedback(service_pb2.GetFeedbackRequest(portfolio=name)),
            lambda name: next(stub.StreamFeedback(service_pb2.StreamFeedbackRequest(portfolio=name))),
            lambda name: stub.Analyze(service_pb2.AnalyzeRequest(portfolio=name)),
            lambda name: admin.GetState(admin_pb2.GetStateRequest(portfolio=name)),
        ]
        for call in calls:
            code, details, trailers = refusal(partial(call, "alhpa"))
            assert (code, details) == (
                grpc.StatusCode.NOT_FOUND,
                "there is no portfolio alhpa here; is alpha meant?",
            )
            assert trailers["strategic-memory-reason"] == "UNKNOWN_PORTFOLIO"
            assert trailers["strategic-memory-nearest"] == "alpha"
            code, details, _ = refusal(partial(call, "a b"))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert details.startswith("portfolio: is no name; give 1 to 64 letters")
        for asked, field in (({"page_size": 1_001}, "page_size"), ({"page_token": "x"}, "page_token")):
            code, details, _ = refusal(partial(stub.ListPortfolios, service_pb2.ListPortfoliosRequest(**asked)))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert details.startswith(field)
        pages: list[list[str]] = []
        token = ""
        while not pages or token:
            page = stub.ListPortfolios(service_pb2.ListPortfoliosRequest(page_size=1, page_token=token))
            token = page.next_page_token
            pages.append([each.name for each in page.portfolios])
        assert pages == [[""], ["alpha"], ["beta"]]


def test_an_override_of_one_portfolio_is_none_of_another(service: ServiceProcess) -> None:
    eventually(lambda: len(listed(service)) == 3, 30.0)
    with grpc.insecure_channel(service.grpc_address) as channel:
        admin = admin_pb2_grpc.StrategicMemoryAdminServiceStub(channel)
        asked = admin_pb2.SetOverrideRequest(leverage=0.4, reason="a test", portfolio="alpha")
        asked.duration.FromSeconds(600)
        state = admin.SetOverride(asked, timeout=30).state
        assert (state.portfolio, state.override.leverage) == ("alpha", 0.4)
        eventually(lambda: feedback_of(service, "alpha").leverage_hint == 0.4, 30.0)
        assert not admin.GetState(admin_pb2.GetStateRequest(portfolio="beta"), timeout=30).state.number
    assert feedback_of(service, "beta").leverage_hint == 1.0


def test_portfolios_come_and_go_while_the_service_runs(
    service: ServiceProcess, redis_client: redis.Redis, file: Path
) -> None:
    eventually(lambda: len(listed(service)) == 3, 30.0)
    observe(redis_client, "alpha", "BULL", 4)
    observe(redis_client, "beta", "BEAR", 4)
    eventually(lambda: feedback_of(service, "alpha").revision, 30.0)
    with stub_of(service) as stub:
        every = service_pb2.DELIVERY_EVERY
        stream = stub.StreamFeedback(service_pb2.StreamFeedbackRequest(portfolio="alpha", delivery=every))
        assert next(stream).portfolio == "alpha"
        file.write_text(OTHERS)
        code, details, trailers = refusal(lambda: list(stream))
    assert (code, trailers["strategic-memory-reason"]) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_PORTFOLIO")
    assert "no portfolio alpha" in details
    eventually(lambda: set(listed(service)) == {"", "beta", "gamma"}, 30.0)
    observe(redis_client, "gamma", "RANGE", 4)
    eventually(lambda: feedback_of(service, "gamma").preferred_regime == "RANGE", 30.0)
    # Under its new settings four entries are enough.
    eventually(lambda: listed(service)["beta"].preferred_regime == "BEAR", 30.0)
    keys = LogKeys.under("quantum:alpha")
    assert redis_client.exists(keys.log, keys.state) == 2, "what was said stays"
    # One that could not be released in time ends by itself.
    eventually(lambda: not redis_client.exists(keys.lease), 30.0)


def test_a_file_that_cannot_be_used_takes_no_portfolio_away(service: ServiceProcess, file: Path) -> None:
    eventually(lambda: len(listed(service)) == 3, 30.0)
    file.write_text("[portfolios.alpha]\nrules = 'best'\n")
    problem = eventually(lambda: next((each for each in get_json(service)["problems"] if "rules" in each), None), 30.0)
    assert "the portfolios that it named before are served on" in problem
    assert set(listed(service)) == {"", "alpha", "beta"}
    # A disk that is full leaves it empty.
    file.write_text("")
    eventually(lambda: any("is empty" in each for each in get_json(service)["problems"]), 30.0)
    assert set(listed(service)) == {"", "alpha", "beta"}
    file.write_text("[portfolios]")
    eventually(lambda: set(listed(service)) == {""}, 30.0)
    file.write_text(TWO)
    eventually(lambda: set(listed(service)) == {"", "alpha", "beta"}, 30.0)
    eventually(lambda: not get_json(service)["problems"], 30.0)


def test_a_set_in_redis_names_them(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_PORTFOLIO_SET": "quantum:portfolios"})
    with stub_of(service) as stub:
        # Once the set was read.
        eventually(lambda: answers(lambda: stub.ListPortfolios(service_pb2.ListPortfoliosRequest())), 30.0)
    assert set(listed(service)) == {""}
    redis_client.sadd("quantum:portfolios", "alpha", "beta", "no name")
    eventually(lambda: set(listed(service)) == {"", "alpha", "beta"}, 30.0)
    eventually(lambda: any("'no name'" in each for each in get_json(service)["problems"]), 30.0)
    redis_client.srem("quantum:portfolios", "alpha", "beta")
    eventually(lambda: any("are served on" in each for each in get_json(service)["problems"]), 30.0)
    assert set(listed(service)) == {"", "alpha", "beta"}, "a set of which nothing can be used says nothing"
    redis_client.sadd("quantum:portfolios", "alpha")
    redis_client.srem("quantum:portfolios", "no name")
    eventually(lambda: set(listed(service)) == {"", "alpha"}, 30.0)
    redis_client.delete("quantum:portfolios")
    eventually(lambda: any("is gone" in each for each in get_json(service)["problems"]), 30.0)
    assert set(listed(service)) == {"", "alpha"}, "a Redis that has come back empty ends nothing"
    redis_client.sadd("quantum:portfolios", "gamma")
    eventually(lambda: set(listed(service)) == {"", "gamma"}, 30.0)
    eventually(lambda: not get_json(service)["problems"], 30.0)


def test_two_servers_share_the_portfolios(start_service: StartService, file: Path, redis_client: redis.Redis) -> None:
    environment = {"STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file), "STRATEGIC_MEMORY_LEASE": "1"}
    one, other = start_service(env=environment), start_service(env=environment)
    for server in (one, other):
        eventually(lambda server=server: len(listed(server)) == 3, 30.0)  # type: ignore[misc]
    observe(redis_client, "alpha", "BULL", 4)
    for server in (one, other):
        eventually(lambda server=server: feedback_of(server, "alpha").preferred_regime == "BULL", 30.0)  # type: ignore[misc]
    assert len({feedback_of(server, "alpha").epoch for server in (one, other)}) == 1, "they follow one log"
    one.kill()
    observe(redis_client, "beta", "BEAR", 5)
    eventually(lambda: feedback_of(other, "beta").preferred_regime == "BEAR", 60.0)


def test_each_shard_syncs_its_share_and_serves_all(start_service: StartService, redis_client: redis.Redis) -> None:
    names = [f"desk-{number}" for number in range(8)]
    environment = {"STRATEGIC_MEMORY_PORTFOLIOS": ",".join(names), "STRATEGIC_MEMORY_LEASE": "1"}
    servers = [start_service(env=environment, arguments=("--shard", f"{ordinal}/2")) for ordinal in range(2)]
    shares = [{name for name in ["", *names] if Shard(number, 2).has(name)} for number in range(2)]
    for server, share in zip(servers, shares, strict=True):
        eventually(lambda server=server, share=share: leads(server) == share, 30.0)  # type: ignore[misc]
        # One that nobody asks for costs nothing here.
        eventually(lambda server=server, share=share: followed(server) == share | {""}, 30.0)  # type: ignore[misc]
        assert set(listed(server)) == {"", *names}
    theirs = min(shares[1] - {""})
    observe(redis_client, theirs, "BULL", 4)
    for server in reversed(servers):
        eventually(lambda server=server: feedback_of(server, theirs).preferred_regime == "BULL", 30.0)  # type: ignore[misc]
    assert leads(servers[0]) == shares[0]
    assert get_json(servers[0])["portfolios"]["total"] == len(names)


def followed(service: ServiceProcess) -> set[str]:
    """The portfolios of which a server tells more than the name: those that have begun there."""
    return {name for name, each in listed(service).items() if each.is_followed}


def leads(service: ServiceProcess) -> set[str]:
    """The portfolios that a server leads, as its log tells."""
    return {line.get("portfolio", "") for line in service.log_lines() if line["event"] == "Leadership gained"}


def test_others_are_opened_once_those_before_them_have_begun(
    service: ServiceProcess, file: Path, redis_server: EmbeddedRedis
) -> None:
    def told(event: str) -> int:
        return sum(line["event"] == event for line in service.log_lines())

    eventually(lambda: told("Portfolio opened") == 2, 30.0)
    names = [f"many-{number:03}" for number in range(3 * OPENED_AT_ONCE)]
    with suspended(redis_server.pid, 90.0):
        file.write_text(TWO + "".join(f"[portfolios.{name}]\n" for name in names))
        # What has no answer is given up after some seconds, in which all of them could have been opened.
        eventually(lambda: one_has_given_up(service), 60.0)
        assert 0 < told("Portfolio opened") - 2 <= 2 * OPENED_AT_ONCE
    eventually(lambda: told("Portfolio opened") == 2 + len(names), 60.0)
    eventually(lambda: get_json(service)["portfolios"]["by_status"].get("warming_up", 0) >= len(names), 60.0)


def one_has_given_up(service: ServiceProcess) -> bool:
    """Whether one of the others has had no answer: those that were there before may have had none before it is open."""
    lines = (line for line in service.log_lines() if line["event"] == "Lease cannot be asked for; trying again")
    return any(line.get("portfolio", "").startswith("many-") for line in lines)
