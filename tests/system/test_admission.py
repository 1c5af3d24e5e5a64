"""What one caller may take of a service: by token where there are tokens, so that others of its address go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from click.testing import CliRunner
from conftest import StartService
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from processes import ServiceProcess, eventually

from strategic_memory.v1 import memory_pb2, service_pb2, service_pb2_grpc
from strategic_memory_server.cli.new_token import make_token

pytestmark = pytest.mark.system

RATE = 25
NOTHING = service_pb2.GetFeedbackRequest()


class Caller:
    """Calls with a token."""

    def __init__(self, service: ServiceProcess, access: Path, name: str) -> None:
        made = CliRunner().invoke(make_token, [name, "--scopes", "read,analyze"])
        with access.open("a") as lines:
            lines.write(made.stdout)
        self.token = made.stderr.split()[-1]
        self.channel = grpc.insecure_channel(service.grpc_address)
        self.ask = service_pb2_grpc.StrategicMemoryServiceStub(self.channel)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),)

    def get(self) -> tuple[str, int] | None:
        """Get the feedback; None, or the reason of the refusal and the milliseconds to wait."""
        try:
            self.ask.GetFeedback(NOTHING, metadata=self.shown, timeout=30)
        except grpc.RpcError as error:
            return refusal(error)
        return None

    def stream(self) -> grpc.Call:
        call: grpc.Call = self.ask.StreamFeedback(service_pb2.StreamFeedbackRequest(), metadata=self.shown, timeout=60)
        return call


def refusal(error: object) -> tuple[str, int]:
    assert isinstance(error, grpc.Call)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error
    status = rpc_status.from_call(error)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(retry)
    trailers = dict(error.trailing_metadata())
    assert trailers["strategic-memory-retry_after_ms"] == str(retry.retry_delay.ToMilliseconds())
    return info.reason, retry.retry_delay.ToMilliseconds()


def first_of(stream: grpc.Call) -> object:
    """Return the first message of a stream, or why there is none."""
    try:
        return next(stream)  # type: ignore[call-overload]
    except grpc.RpcError as error:
        return refusal(error)[0]


@pytest.fixture
def access(tmp_path: Path) -> Path:
    return tmp_path / "access"


@pytest.fixture
def service(start_service: StartService, access: Path) -> ServiceProcess:
    made = CliRunner().invoke(make_token, ["scraper", "--scopes", "read"])
    access.write_text(made.stdout)
    limits = {
        "STRATEGIC_MEMORY_CALLER_RATE": f"{RATE}",
        "STRATEGIC_MEMORY_HTTP_CALLER_RATE": "6",
        "STRATEGIC_MEMORY_CALLER_ANALYSES": "1",
        "STRATEGIC_MEMORY_MAX_SUBSCRIBERS": "4",
    }
    return start_service(env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access), **limits})


def test_each_token_has_its_own_share_of_everything(service: ServiceProcess, access: Path) -> None:
    one, again, two = (Caller(service, access, name) for name in ("agent", "agent", "desk"))
    eventually(lambda: not isinstance(_known(two), str), 20, what="the access file is read anew")

    # Streams: half of them, by whatever token of the name.
    streams = [one.stream(), again.stream(), one.stream(), two.stream()]
    *heard, of_two = [first_of(each) for each in streams]
    assert [each for each in heard if isinstance(each, str)] == ["TOO_MANY_SUBSCRIBERS"]
    assert isinstance(of_two, service_pb2.StreamFeedbackResponse)

    # Requests in a second: refused with the time until there is a token again.
    # All at once: one after the other, a busy machine may take longer for each than it takes to earn a token.
    calls = [
        caller.ask.GetFeedback.future(NOTHING, metadata=caller.shown, timeout=60)
        for _ in range(3 * RATE)
        for caller in (one, again)
    ]
    asked = [None if (error := call.exception()) is None else refusal(error) for call in calls]
    refused = [each for each in asked if each is not None]
    assert {reason for reason, _ in refused} == {"TOO_MANY_REQUESTS"}
    assert all(0 < after_ms <= 1_000 // RATE + 1 for _, after_ms in refused)
    assert len(asked) - len(refused) >= RATE - 3
    assert two.get() is None
    checks: Any = health_pb2_grpc.HealthStub(one.channel)
    statuses = {checks.Check(health_pb2.HealthCheckRequest()).status for _ in range(3 * RATE)}
    assert statuses == {health_pb2.HealthCheckResponse.SERVING}

    # Analyses in hand.
    inline = memory_pb2.InlineMemory(regime_observations=memory_pb2.RegimeColumns(regime=["BULL"] * 500_000))
    large = service_pb2.AnalyzeRequest(inline=inline)

    def ends_of_three() -> list[BaseException | None] | None:
        """How three ended; None: one came too soon after the last request of its caller, or they were not at once."""
        calls = [caller.ask.Analyze.future(large, metadata=caller.shown, timeout=60) for caller in (one, again, two)]
        found: list[BaseException | None] = [each.exception() for each in calls]
        too_soon = [error for error in found if error is not None and refusal(error)[0] == "TOO_MANY_REQUESTS"]
        return None if too_soon or not any(found) else found

    ends = eventually(ends_of_three, 30)
    assert sum(error is None for error in ends) == 2
    assert [refusal(error)[0] for error in ends if error is not None] == ["TOO_MANY_CALLS"]
    assert ends[2] is None

    # HTTP: `/metrics` costs more than `/health`, and probes are always answered.
    as_two = {"authorization": two.shown[0][1]}
    with httpx.Client(base_url=f"http://{service.http_address}", trust_env=False) as http:
        scrapes = [http.get("/metrics", headers=as_two) for _ in range(4)]
        assert scrapes[0].status_code == 200
        late = next(each for each in scrapes if each.status_code == 429)
        assert int(late.headers["retry-after"]) == 1
        assert "STRATEGIC_MEMORY_HTTP_CALLER_RATE" in late.text
        assert {http.get("/health/ready").status_code for _ in range(20)} == {200}

        def scraped() -> str:
            found = http.get("/metrics", headers=as_two)
            return found.text if found.status_code == 200 else ""

        text = eventually(scraped)
    assert 'strategic_memory_refused_total{grpc_method="StreamFeedback",limit="caller_streams"} 1.0' in text
    assert 'strategic_memory_refused_total{grpc_method="Analyze",limit="caller_analyses"} 1.0' in text
    assert 'strategic_memory_refused_total{grpc_method="GetFeedback",limit="caller_rate"}' in text
    assert 'strategic_memory_http_refused_total{path="/metrics"}' in text


def _known(caller: Caller) -> object:
    try:
        return caller.ask.GetFeedback(NOTHING, metadata=caller.shown, timeout=30)
    except grpc.RpcError as error:
        return str(error)
