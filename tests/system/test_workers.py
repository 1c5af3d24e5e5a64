"""Several processes on one port are one service: what they serve, say and count, also when one of them dies."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually, service_environment
from redis_inputs import add_regime
from service_calls import get_text
from system.served_by_workers import (
    get_feedback,
    health_of,
    kill_worker,
    leading,
    metrics_of,
    pids_of,
    stubs,
    until_all_serve,
)

from strategic_memory.v1 import service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = [pytest.mark.system, pytest.mark.processes]

CONNECTIONS = 32
"""That all of so many come to one of two workers happens once in two thousand million times."""

COUNTED = "grpc_server_handled_total grpc_code=OK grpc_method=GetFeedback"
LABELS = " grpc_service=strategic_memory.v1.StrategicMemoryService grpc_type=unary"


@pytest.fixture(scope="module")
def own_redis() -> Iterator[EmbeddedRedis]:
    """One for the service that the tests of this file share."""
    with EmbeddedRedis() as server:
        with redis.Redis.from_url(server.url) as opened:
            # A Redis that saves nothing is a problem.
            opened.config_set("save", "86400 1")
        yield server


@pytest.fixture(scope="module")
def client(own_redis: EmbeddedRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis.url) as opened:
        for _ in range(3):
            add_regime(opened)
        yield opened


@pytest.fixture(scope="module")
def service(
    own_redis: EmbeddedRedis, client: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """Two workers; a test leaves them as it found them."""
    assert client.ping()
    settings = {
        "REDIS_URL": own_redis.url,
        "MEMORY_SYNC_INTERVAL": "0.5",
        "STRATEGIC_MEMORY_WORKERS": "2",
        # A lease of a second is lost, and that is told, where the machine has much else to do.
        "STRATEGIC_MEMORY_VALIDITY": "60",
        "STRATEGIC_MEMORY_LEASE": "5",
    }
    process = ServiceProcess(tmp_path_factory.mktemp("workers"), service_environment(settings))
    try:
        until_all_serve(process)
        yield process
    finally:
        process.kill()


def gathered(service: ServiceProcess) -> dict[str, float]:
    """Return the metrics; an AssertionError where they were not put together in time, or whoever was asked has died."""
    try:
        return metrics_of(service)
    except OSError as error:
        raise AssertionError(f"no metrics: {error}") from None


def metrics_of_all(service: ServiceProcess) -> dict[str, float]:
    """Wait until every worker has told its metrics: one that takes more than a second is left out."""

    def whole() -> dict[str, float] | None:
        counted = gathered(service)
        return counted if all(counted[f"strategic_memory_worker_up worker={number}"] for number in (0, 1)) else None

    return eventually(whole, what="every worker tells its metrics")


def revision_of_all(service: ServiceProcess) -> int:
    """Return the revision that every worker serves; 0 while they differ."""
    revisions = {each["revision"] for each in until_all_serve(service)["metrics"]["workers"]}
    return revisions.pop() if len(revisions) == 1 else 0


def test_every_worker_serves_and_one_of_them_leads(service: ServiceProcess, client: redis.Redis) -> None:
    number = leading(service)
    revision = eventually(lambda: revision_of_all(service))
    with stubs(service, CONNECTIONS) as opened:
        streams = [stub.StreamFeedback(service_pb2.StreamFeedbackRequest(), timeout=60) for stub in opened]
        assert {next(stream).feedback.revision for stream in streams} == {revision}
        health = until_all_serve(service)
        assert health["problems"] == []
        assert health["metrics"]["feedback"]["subscribers"] == CONNECTIONS
        assert sum(each["subscribers"] for each in health["metrics"]["workers"]) == CONNECTIONS
        assert all(each["subscribers"] for each in health["metrics"]["workers"])
        counted = metrics_of_all(service)
        assert counted["strategic_memory_subscribers"] == CONNECTIONS
        assert counted["strategic_memory_role role=leader"] == 1
        assert counted["strategic_memory_revision"] == revision
        for each in health["metrics"]["workers"]:
            assert counted[f"strategic_memory_worker_subscribers worker={each['worker']}"] == each["subscribers"]
            assert counted[f"strategic_memory_worker_up worker={each['worker']}"] == 1
        # A change reaches the streams of both.
        add_regime(client, "BEAR", pnl=-0.5)
        assert all(
            next(each.feedback.revision for each in stream if each.HasField("feedback")) == revision + 1
            for stream in streams
        )
    assert [each["role"] for each in health["metrics"]["workers"]].count("leader") == 1
    assert health["metrics"]["replication"]["server"].split("/")[1] == str(pids_of(service)[number])
    assert {line["worker"] for line in service.log_lines() if line["event"] == "Service ready"} == {0, 1}


def test_the_page_is_that_of_all_whichever_worker_answers(service: ServiceProcess) -> None:
    assert "<html" in get_text(service, "/")

    def shown() -> bool:
        with urllib.request.urlopen(f"http://{service.http_address}/page/now", timeout=20) as events:
            for line in itertools.islice(events, 60):
                if line.startswith(b"data: ") and "now" in (said := json.loads(line.removeprefix(b"data: "))):
                    workers = said["now"]["health"]["metrics"].get("workers", [])
                    return [each["answers"] for each in workers] == [True, True]
        return False

    for _ in range(4):
        eventually(shown, what="the page shows both workers")


@pytest.mark.parametrize("is_leader", [True, False])
def test_a_worker_that_is_killed_is_named_and_started_again_and_nothing_counted_is_lost(
    service: ServiceProcess, client: redis.Redis, *, is_leader: bool
) -> None:
    number = leading(service) if is_leader else 1 - leading(service)
    with stubs(service, CONNECTIONS) as opened:
        for stub in opened:
            get_feedback(stub)
        before = metrics_of_all(service)
        pid = pids_of(service)[number]
        kill_worker(service, number)

        # While it dies, or whoever starts it is kept from seeing that, it is one that does not answer.
        def named() -> bool:
            told = [each for each in health_of(service)["problems"] if each.startswith(f"worker {number}: ")]
            return any(word in each for each in told for word in ("signal 9", "has gone", "starting"))

        eventually(named, what="health names the worker that was killed")
        during = eventually(lambda: gathered(service))
        for name, value in before.items():
            if name.startswith("grpc_server_") and "_total" in name:
                assert during[name] >= value, name
        # Those whose worker is gone go on with the other one, on the same channel.
        revision = max(get_feedback(stub) for stub in opened)
        add_regime(client)
        assert until_all_serve(service)["metrics"]["workers"][number]["restarts"] > 0
        assert pids_of(service)[number] != pid
        eventually(lambda: health_of(service)["metrics"]["feedback"]["revision"] > revision)
    after = metrics_of_all(service)
    assert after[COUNTED + LABELS] == before[COUNTED + LABELS] + CONNECTIONS
    assert after[f"strategic_memory_worker_restarts_total worker={number}"] > 0
    assert [line["how"] for line in service.log_lines() if line["event"] == "Worker ended" and line["worker"] == number]
    assert "strategic_memory_problem problem=worker_down" not in after


def test_a_worker_that_is_frozen_is_named_and_the_others_answer_for_it(service: ServiceProcess) -> None:
    number = 1 - leading(service)
    pid = pids_of(service)[number]
    os.kill(pid, signal.SIGSTOP)
    try:
        # Half of the connections wait for the one that is frozen, as those of a frozen service do.
        def named() -> bool:
            problems = health_of(service)["problems"]
            return any(each.startswith(f"worker {number}: process {pid} does not answer") for each in problems)

        eventually(named, 60.0, what="the frozen worker is named")
    finally:
        os.kill(pid, signal.SIGCONT)
    until_all_serve(service)


def test_a_worker_that_is_asked_to_end_hands_its_streams_over_and_is_started_again(service: ServiceProcess) -> None:
    pids = pids_of(service)
    with stubs(service, CONNECTIONS) as opened:
        streams = [stub.StreamFeedback(service_pb2.StreamFeedbackRequest(), timeout=60) for stub in opened]
        places = [next(stream).feedback for stream in streams]
        os.kill(pids[0], signal.SIGTERM)
        eventually(lambda: pids_of(service)[0] != pids[0], 60.0, what="another process is worker 0")
        resumed = 0
        for stub, stream, place in zip(opened, streams, places, strict=True):
            if stream.is_active():
                stream.cancel()
                continue
            assert stream.code() is grpc.StatusCode.UNAVAILABLE
            again = service_pb2.StreamFeedbackRequest(
                resume_after_revision=place.revision, epoch=place.epoch, send_current=True
            )
            assert next(stub.StreamFeedback(again, timeout=20, wait_for_ready=True)).feedback.epoch == place.epoch
            resumed += 1
        assert resumed


def test_one_more_service_on_its_port_is_refused(
    service: ServiceProcess, start_service: StartService, own_redis: EmbeddedRedis
) -> None:
    for workers in ("1", "2"):
        taken = {"STRATEGIC_MEMORY_GRPC_ADDRESS": service.grpc_address, "STRATEGIC_MEMORY_WORKERS": workers}
        second = start_service(own_redis.url, env=taken, wait_until_ready=False)
        assert second.wait() == 1
        assert f"strategic-memory-server: cannot listen on {service.grpc_address}: " in second.stderr()
        assert "STRATEGIC_MEMORY_GRPC_ADDRESS" in second.stderr()
    until_all_serve(service)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_in_order(start_service: StartService, redis_client: redis.Redis, number: int) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        service = start_service(arguments=("--workers", "2"))
    finally:
        signal.signal(signal.SIGHUP, before)
    for _ in range(3):
        add_regime(redis_client)
    pids = pids_of(service)
    with stubs(service, 4) as opened:
        streams = [stub.StreamFeedback(service_pb2.StreamFeedbackRequest(), timeout=60) for stub in opened]
        for stream in streams:
            next(stream)
        service.send_signal(signal.Signals(number))
        # Stopping twice is stopping once.
        service.send_signal(signal.SIGTERM)
        for stream in streams:
            with pytest.raises(grpc.RpcError):
                list(stream)
            assert dict(stream.trailing_metadata())["strategic-memory-reason"] == "DRAINING"
    assert service.wait() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    stopped = [line for line in service.log_lines() if line["event"].endswith(" stopped")]
    assert {line["worker"] for line in stopped[:-1]} == {0, 1}
    assert stopped[-1]["event"] == "Workers stopped"
    assert not service.stderr()


def test_the_workers_end_when_the_process_that_runs_them_is_killed(start_service: StartService) -> None:
    service = start_service(arguments=("--workers", "2"))
    pids = pids_of(service)
    os.kill(service.pid, signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the workers have ended")
    gone = [line for line in service.log_lines() if line["event"].startswith("The process that runs the workers")]
    assert {line["worker"] for line in gone} == {0, 1}
    port = int(service.grpc_address.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--workers", "2", "--embedded-redis"), 2, "--embedded-redis is for a service of one process"),
        (("--workers", "2", "--interval", "nan"), 2, "--interval: "),
        (("--workers", "2", "--http-address", "192.0.2.1:0", "--insecure-listen"), 1, "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_a_start_that_cannot_succeed_says_why_once(
    start_service: StartService, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    environment = service_environment({})
    service = ServiceProcess(tmp_path, environment, arguments)
    assert service.wait() == code
    (line,) = service.stderr().splitlines()
    assert line.startswith(f"strategic-memory-server: {said}")
    assert service.session() == []
