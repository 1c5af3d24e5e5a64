"""Shared fixtures: a real Redis, real services."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pytest
import redis
from clock_set import pytest_runtest_makereport, pytest_runtest_setup
from collecting import pytest_collection
from faults.free_ports import free_port
from kept_bytecode import keep_bytecode
from least_user import asks_for_least_user, keeps_users, least_url
from longest_first import put_longest_first
from patient_redis import PATIENCE_S
from process_guard import mark_those_that_start_processes, pytest_configure, pytest_runtest_protocol
from processes import REPOSITORY, ServiceProcess, require_tool, service_environment
from quiet_grpc import import_grpc_quietly
from repeatable import make_all_repeatable

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence

__all__ = [
    "StartService",
    "pytest_collection",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
]

import_grpc_quietly()
make_all_repeatable()
keep_bytecode(REPOSITORY / ".pytest_cache" / "bytecode")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark and order what was collected."""
    mark_those_that_start_processes(items)
    put_longest_first(items)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run a test on the event loop of asyncio, and one that is marked `both_loops` on uvloop too."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.get_closest_marker("both_loops"):
        loops["uvloop"] = import_module("uvloop").new_event_loop
    return loops


class StartService(Protocol):
    """Starts a service; see the fixture `start_service`."""

    def __call__(
        self,
        redis_url: str | None = None,
        *,
        sync_interval_s: float = 0.5,
        env: dict[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        wait_until_ready: bool = True,
        anew: bool = False,
    ) -> ServiceProcess:
        """Start it; `env` adds or replaces environment variables."""
        ...


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """What a command that ran in this process has left of signals, ignored ones too, is not for the next test.

    Programs that it starts would have them ignored as well.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


SAVED_NEVER = "86400 1"
"""Nothing is saved while the tests run; a Redis that is not to save at all is told as a problem."""


REDIS_STARTS_WITHIN_S = 60.0
"""One that keeps its writes brings several files to the disk before it answers for the first time."""


@pytest.fixture(scope="session")
def session_redis() -> Iterator[EmbeddedRedis]:
    """One Redis for all tests of this session; tests use `redis_server`."""
    with EmbeddedRedis(start_timeout_s=REDIS_STARTS_WITHIN_S) as server:
        with redis.Redis.from_url(server.url, socket_timeout=PATIENCE_S) as client:
            client.config_set("save", SAVED_NEVER)
        yield server


@pytest.fixture
def redis_server(session_redis: EmbeddedRedis) -> EmbeddedRedis:
    """A real Redis, empty and with its default configuration; it is shared, so a test must not stop it."""
    with redis.Redis.from_url(session_redis.url, socket_timeout=PATIENCE_S) as client:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("save", SAVED_NEVER)
        client.flushall()
        client.script_flush()
    return session_redis


@pytest.fixture
def fresh_redis(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A Redis of the test's own, which it may kill and start again; no acknowledged write is lost."""
    program = keeps_users(tmp_path_factory.mktemp("users")) if asks_for_least_user(request.node) else None
    # Nobody else may be given its port while it is down.
    with EmbeddedRedis(
        binary=program, port=free_port(), persistence=Persistence.ALWAYS, start_timeout_s=REDIS_STARTS_WITHIN_S
    ) as server:
        yield server


@pytest.fixture
def redis_client(redis_server: EmbeddedRedis) -> Iterator[redis.Redis]:
    """A client of `redis_server`, which answers in bytes."""
    # What is sent once more after a timeout may have been done before.
    with redis.Redis.from_url(redis_server.url, socket_timeout=PATIENCE_S) as client:
        yield client


SHORTEST_VALIDITY_S = 20.0


def lasting(sync_interval_s: float) -> dict[str, str]:
    """Settings by which advice outlasts a standstill of an overloaded machine; the lease is the default one.

    They are for a test that is about something else than what turns stale, and says nothing of the validity.
    """
    return {
        "STRATEGIC_MEMORY_VALIDITY": f"{max(3 * sync_interval_s, SHORTEST_VALIDITY_S):g}",
        "STRATEGIC_MEMORY_LEASE": f"{max(min(sync_interval_s, 5.0), 1.0):g}",
    }


@pytest.fixture
def start_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartService]:
    """Start real services on free ports; all of them are killed at the end of the test.

    Without `redis_url` the service uses `redis_server`. `anew` starts one by the command, as users start it; the others
    are copies of a process that has imported it already.
    """
    started: list[ServiceProcess] = []

    def start(
        redis_url: str | None = None,
        *,
        sync_interval_s: float = 0.5,
        env: dict[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        wait_until_ready: bool = True,
        anew: bool = False,
    ) -> ServiceProcess:
        if redis_url is None:
            shared: EmbeddedRedis = request.getfixturevalue("redis_server")
            redis_url = shared.url
        folder = tmp_path / f"service-{len(started)}"
        folder.mkdir()
        if asks_for_least_user(request.node):
            redis_url = least_url(redis_url)
        asked = {"MEMORY_SYNC_INTERVAL": f"{sync_interval_s:g}", **(env or {})}
        lasts = {} if "STRATEGIC_MEMORY_VALIDITY" in asked else lasting(sync_interval_s)
        settings = {"REDIS_URL": redis_url, **lasts, **asked}
        service = ServiceProcess(folder, service_environment(settings), arguments, anew=anew)
        started.append(service)
        if wait_until_ready:
            service.ready_line()
        return service

    yield start
    for service in started:
        service.kill()


@pytest.fixture
def grpcurl() -> str:
    """The path of grpcurl; skips or fails where it is missing."""
    return require_tool("grpcurl")


@pytest.fixture
def redis_cli() -> str:
    """The path of redis-cli; skips or fails where it is missing."""
    return require_tool("redis-cli")
