"""A token for one portfolio tells nothing of another, however it is asked: by call, over HTTP, on a page, in a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import commands
import grpc
import httpx
import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import ServiceProcess, eventually, service_environment
from redis_inputs import add_regime
from system.access_lines import token_for

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc, memory_pb2, service_pb2, service_pb2_grpc
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.processes]

OWN, OTHER = "alpha", "beta"
SCOPES = ("read", "analyze", "admin")
UNTOLD = "gamma-of-which-nobody-asks"
BRIEF = {"STRATEGIC_MEMORY_LEASE": "1"}


@pytest.fixture
def access(tmp_path: Path) -> Path:
    return tmp_path / "access"


@pytest.fixture
def own(access: Path) -> str:
    """A token for everything about one portfolio."""
    return token_for("desk", access, ",".join(f"{scope}@{OWN}" for scope in SCOPES))


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis, access: Path, own: str) -> ServiceProcess:
    whole = token_for("ops", access)
    for name in (OWN, OTHER):
        for _ in range(4):
            add_regime(redis_client, "BULL", 0.3, prefix=f"quantum:{name}", entry_id="*")
    # What goes wrong with a portfolio stands in the list of it.
    redis_client.set(f"quantum:{OTHER}:stream:trade.results", "no stream")
    started = start_service(
        env={
            "STRATEGIC_MEMORY_ACCESS_FILE": str(access),
            "STRATEGIC_MEMORY_PORTFOLIOS": f"{OWN},{OTHER},{UNTOLD}",
            "STRATEGIC_MEMORY_HEARTBEAT_INTERVAL": "0.3",
            **BRIEF,
        }
    )

    def both_have_advice() -> bool:
        told = get(started, "/metrics", whole).text
        return all(f'strategic_memory_revision{{portfolio="{name}"}} 1.0' in told for name in (OWN, OTHER))

    eventually(both_have_advice)
    return started


@pytest.fixture
def channel(service: ServiceProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(service.grpc_address) as opened:
        yield opened


def get(service: ServiceProcess, path: str, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.get(f"http://{service.http_address}{path}", headers=headers, timeout=30, trust_env=False)


def status_of(service: ServiceProcess, path: str, token: str | None = None) -> int:
    """The status of an answer that may have no end."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    url = f"http://{service.http_address}{path}"
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as answer:
        return answer.status_code


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def calls(channel: grpc.Channel, token: str) -> dict[str, Callable[[str], object]]:
    """Everything that can be asked about a portfolio, by name of the method."""
    stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
    admin = admin_pb2_grpc.StrategicMemoryAdminServiceStub(channel)
    shown = metadata(token)
    inline = memory_pb2.InlineMemory()
    return {
        "GetFeedback": lambda name: stub.GetFeedback(service_pb2.GetFeedbackRequest(portfolio=name), metadata=shown),
        "StreamFeedback": lambda name: next(
            stub.StreamFeedback(service_pb2.StreamFeedbackRequest(portfolio=name), metadata=shown)
        ),
        "Analyze stored": lambda name: stub.Analyze(service_pb2.AnalyzeRequest(portfolio=name), metadata=shown),
        "Analyze inline": lambda name: stub.Analyze(
            service_pb2.AnalyzeRequest(portfolio=name, inline=inline), metadata=shown
        ),
        "GetState": lambda name: admin.GetState(admin_pb2.GetStateRequest(portfolio=name), metadata=shown),
        "SetOverride": lambda name: admin.SetOverride(
            admin_pb2.SetOverrideRequest(portfolio=name, leverage=0.5, reason="to see"), metadata=shown
        ),
        "ClearOverride": lambda name: admin.ClearOverride(
            admin_pb2.ClearOverrideRequest(portfolio=name, reason="to see"), metadata=shown
        ),
        "Freeze": lambda name: admin.Freeze(admin_pb2.FreezeRequest(portfolio=name, reason="to see"), metadata=shown),
    }


def code_of(call: Callable[[], object]) -> tuple[str, str]:
    """What a call ends with, and in which words."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name, f"{error.details()} {error.trailing_metadata()}"
    return "OK", ""


def test_no_call_tells_a_token_of_one_portfolio_anything_of_another(
    service: ServiceProcess, channel: grpc.Channel, own: str
) -> None:
    for method, call in calls(channel, own).items():
        assert code_of(lambda call=call: call(OWN))[0] != "PERMISSION_DENIED", method  # type: ignore[misc]
        # One that there is not is refused in the same words, so that nobody finds out which there are.
        for name, written in ((OTHER, OTHER), ("", "(default)"), (UNTOLD[:-1], UNTOLD[:-1])):
            code, told = code_of(lambda call=call, name=name: call(name))  # type: ignore[misc]
            assert (code, f"@{written}" in told, UNTOLD in told) == ("PERMISSION_DENIED", True, False), method
    listed = service_pb2_grpc.StrategicMemoryServiceStub(channel).ListPortfolios(
        service_pb2.ListPortfoliosRequest(), metadata=metadata(own)
    )
    assert (listed.total, [each.name for each in listed.portfolios], listed.next_page_token) == (1, [OWN], "")


def test_no_page_tells_a_token_of_one_portfolio_anything_of_another(service: ServiceProcess, own: str) -> None:
    for path in ("/page/now", "/page/revisions", "/page/memory", "/health"):
        assert status_of(service, f"{path}?portfolio={OWN}", own) == 200, path
        for name in (OTHER, UNTOLD[:-1], f"{OWN}&portfolio={OTHER}"):
            assert status_of(service, f"{path}?portfolio={name}", own) == 403, path
            assert status_of(service, f"{path}?portfolio={name}") == 401, path
    for path in ("/page/now", "/page/revisions", "/metrics"):
        assert status_of(service, path, own) == 403, path
    listed = get(service, "/page/portfolios", own).json()
    assert (listed["total"], [each["name"] for each in listed["portfolios"]]) == (1, [OWN])


def test_the_health_that_everybody_reads_names_no_portfolio(service: ServiceProcess) -> None:
    eventually(lambda: get(service, "/health").json()["portfolios"]["with_problems"] == 1)
    said = get(service, "/health")
    assert "portfolios with problems: 1; strategic-memory portfolios shows them" in said.json()["problems"]
    assert said.json()["portfolios"]["total"] == 3
    assert not any(name in said.text for name in (OWN, OTHER, UNTOLD))


def test_what_is_wrong_with_the_names_is_told_in_the_log_alone(
    start_service: StartService, tmp_path: Path, access: Path, own: str
) -> None:
    file = tmp_path / "portfolios.toml"
    file.write_text(f"[portfolios.{OWN}]\n[portfolios.{UNTOLD}]")
    names = {"STRATEGIC_MEMORY_ACCESS_FILE": str(access), "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file)}
    service = start_service(env=names)
    file.write_text(f"[portfolios.{OWN}]\n[portfolios.{UNTOLD}]\ntrade_window = 0")
    eventually(lambda: "portfolios: " in get(service, "/health").text)
    assert UNTOLD not in get(service, "/health").text
    logged = [line["what"] for line in service.log_lines() if line["event"] == "Portfolios cannot be taken"]
    assert len(logged) == 1
    assert f"portfolio {UNTOLD}: trade_window" in logged[0]


def test_a_stream_ends_when_its_token_is_for_another_portfolio_from_now_on(
    service: ServiceProcess, channel: grpc.Channel, access: Path, own: str
) -> None:
    stream = service_pb2_grpc.StrategicMemoryServiceStub(channel).StreamFeedback(
        service_pb2.StreamFeedbackRequest(portfolio=OWN), metadata=metadata(own), timeout=60
    )
    assert next(stream).portfolio == OWN
    access.write_text(access.read_text().replace(f"@{OWN}", f"@{OTHER}"))
    code, told = code_of(lambda: [None for _ in stream])
    assert (code, f"read@{OWN}" in told) == ("PERMISSION_DENIED", True)


def test_a_name_that_looks_to_be_meant_is_told_to_those_alone_who_may_know_it(
    service: ServiceProcess, channel: grpc.Channel, access: Path
) -> None:
    missing = f"{UNTOLD}s"
    narrow, wide = token_for("narrow", access, f"read@{missing}"), token_for("wide", access)
    stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
    asked = service_pb2.GetFeedbackRequest(portfolio=missing)

    def is_known(token: str) -> bool:
        return code_of(lambda: stub.GetFeedback(asked, metadata=metadata(token)))[0] == "NOT_FOUND"

    # The file may have been taken between the two lines.
    eventually(lambda: is_known(narrow) and is_known(wide))
    for token, is_told in ((narrow, False), (wide, True)):
        code, told = code_of(lambda token=token: stub.GetFeedback(asked, metadata=metadata(token)))  # type: ignore[misc]
        said = get(service, f"/health?portfolio={missing}", token)
        assert (code, said.status_code) == ("NOT_FOUND", 404)
        assert [f"is {UNTOLD} meant?" in each for each in (told, said.text)] == [is_told, is_told]


def test_the_doctor_asks_about_a_portfolio_with_a_token(
    service: ServiceProcess, own: str, tmp_path: Path, redis_server: EmbeddedRedis
) -> None:
    (tmp_path / "token").write_text(f"{own}\n")
    flags = ["--redis-url", redis_server.url, "--http-address", service.http_address, "--portfolio", OWN]

    environment = service_environment({"STRATEGIC_MEMORY_PORTFOLIOS": OWN, **BRIEF, **PATIENT})

    def examined(*more: str) -> str:
        ended = commands.run("strategic-memory-server", "doctor", *flags, *more, environment=environment)
        return ended.out + ended.err

    without, with_token = examined(), examined("--token-file", str(tmp_path / "token"))
    unusable = examined("--token-file", str(tmp_path))
    assert "give --token-file" in without
    assert "the service here is at revision 1 of epoch" in with_token
    assert "--token-file" not in with_token
    assert f"--token-file: {tmp_path} is not a file" in unusable
