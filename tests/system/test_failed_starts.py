"""A start that cannot succeed ends at once, says why in one line, and leaves nothing hanging."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_regime
from service_calls import get_json, get_text

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system

LIMIT_S = 30.0


@pytest.fixture
def taken_address() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("setting", ["STRATEGIC_MEMORY_GRPC_ADDRESS", "STRATEGIC_MEMORY_HTTP_ADDRESS"])
def test_an_address_in_use(
    start_service: StartService, redis_client: redis.Redis, taken_address: str, setting: str
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    for anew in (True, False, False):
        service = start_service(env={setting: taken_address}, wait_until_ready=False, anew=anew)
        assert service.wait(LIMIT_S) == 1
        message = service.stderr().splitlines()[-1]
        assert message.startswith(f"strategic-memory-server: cannot listen on {taken_address}: ")
        assert setting in message
        assert "Traceback" not in service.output()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("REDIS_URL", "redis://user:hunter2/@127.0.0.1:6379/0"),
        ("MEMORY_SYNC_INTERVAL", "nan"),
        ("STRATEGIC_MEMORY_KEY_PREFIX", ":"),
        ("STRATEGIC_MEMORY_HTTP_ADDRESS", "127.0.0.1:\uff15\uff10\uff10\uff10"),
        ("STRATEGIC_MEMORY_REGIME_WINDOW", "\u0665\u0660"),
    ],
)
def test_a_wrong_setting(start_service: StartService, setting: str, value: str) -> None:
    service = start_service("redis://127.0.0.1:1/0", env={setting: value}, wait_until_ready=False)
    assert service.wait(LIMIT_S) == 2
    [line] = service.stderr().splitlines()
    assert line.startswith(f"strategic-memory-server: {setting}: ")
    assert "hunter2" not in service.output()


def test_a_wrong_password_is_said_but_never_shown(start_service: StartService, redis_server: EmbeddedRedis) -> None:
    service = start_service(f"redis://:hunter2@127.0.0.1:{redis_server.port}/0")

    def refused() -> str | None:
        """What a sync says, once all three parts tell that they fail; on a busy machine it may have to try again."""
        problem, *others = get_json(service)["problems"] or [""]
        return problem if len(others) == 2 and problem.startswith("sync: AuthenticationError: ") else None

    problem = eventually(refused)
    assert "STRATEGIC_MEMORY_REDIS_PASSWORD_FILE" in problem
    assert "hunter2" not in service.output() + get_text(service, "/health") + get_text(service, "/metrics")
    service.terminate()
    assert service.wait(LIMIT_S) == 0


def test_a_service_that_cannot_listen_publishes_nothing(
    start_service: StartService, redis_client: redis.Redis, taken_address: str
) -> None:
    for _ in range(3):
        add_regime(redis_client)
    service = start_service(env={"STRATEGIC_MEMORY_HTTP_ADDRESS": taken_address}, wait_until_ready=False)
    assert service.wait() == 1
    assert redis_client.exists("quantum:feedback:strategic_memory") == 0


def test_a_variable_that_is_none_of_ours_is_told(start_service: StartService) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDTY": "3"})
    warnings = [line for line in service.log_lines() if line["event"].startswith("Environment variables")]
    assert [line["variables"] for line in warnings] == [["STRATEGIC_MEMORY_VALIDTY"]]
