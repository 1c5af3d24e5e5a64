"""The whole service on one server: through TLS, through a unix socket, and as a user with permissions of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from certificates import Authority
from conftest import StartService
from faults.free_ports import free_port
from faults.redis_process import RedisProcess
from least_user import prepare
from processes import REPOSITORY, ServiceProcess, eventually
from redis_kinds.documented import acl_rules, example, examples
from redis_kinds.programs import KINDS, require_program
from redis_kinds.whole_service import publishes_what_is_written, stored_feedback
from service_calls import get_json

from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.redis_access.redis_location import read_location

pytestmark = pytest.mark.system

HIDDEN = "change-me"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path that is short enough for a unix socket."""
    made = Path(tempfile.mkdtemp(prefix="sm-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def tls_redis(folder: Path) -> Iterator[tuple[RedisProcess, int, Authority]]:
    """A Redis that asks for client certificates on a port of its own; the port, and who signs certificates."""
    program = require_program("redis-7")
    authority = Authority(folder, "ca")
    own, port = authority.certificate("redis"), free_port()
    lines = [f"tls-port {port}", f"tls-cert-file {own.chain}", f"tls-key-file {own.key}"]
    lines += [f"tls-ca-cert-file {authority.own.chain}", "tls-auth-clients yes"]
    with RedisProcess(folder / "redis", free_port(), lines, program=program) as server:
        yield server, port, authority


def start_on(start_service: StartService, variables: dict[str, str]) -> ServiceProcess:
    return start_service(variables["REDIS_URL"], env=variables)


def test_every_example_can_be_read() -> None:
    kinds = {name: read_location(variables["REDIS_URL"]).deployment.value for name, variables in examples().items()}
    assert len(kinds) == 7
    assert {kinds["sentinel"], kinds["sentinel with passwords"], kinds["cluster"]} == {"sentinel", "cluster"}


def test_one_server(folder: Path, start_service: StartService) -> None:
    with RedisProcess(folder, free_port()) as server, server.client() as client:
        service = start_on(start_service, example("one server", {"redis.example:6379": f"127.0.0.1:{server.port}"}))
        publishes_what_is_written(service, client)


def test_tls_with_a_private_authority_and_a_client_certificate(
    folder: Path, tls_redis: tuple[RedisProcess, int, Authority], start_service: StartService
) -> None:
    server, port, authority = tls_redis
    own = authority.certificate("client")
    places = {
        "redis.example:6380": f"127.0.0.1:{port}",
        "/etc/strategic-memory/ca.pem": authority.own.chain,
        "/etc/strategic-memory/client.pem": own.chain,
        "/etc/strategic-memory/client.key": own.key,
    }
    service = start_on(start_service, example("TLS", places))
    with server.client() as client:
        publishes_what_is_written(service, client)


@pytest.mark.parametrize("given", ["nothing", "no client certificate", "another authority"])
def test_tls_that_cannot_be_trusted_is_a_problem_that_is_named(
    folder: Path, tls_redis: tuple[RedisProcess, int, Authority], start_service: StartService, given: str
) -> None:
    _, port, authority = tls_redis
    stranger = Authority(folder, "stranger")
    files = {
        "nothing": {},
        "no client certificate": {"STRATEGIC_MEMORY_REDIS_CA": str(authority.own.chain)},
        "another authority": {"STRATEGIC_MEMORY_REDIS_CA": str(stranger.own.chain)},
    }
    service = start_service(f"rediss://127.0.0.1:{port}/0", env=files[given])
    # The tail of the feedback log may be the first to meet it, and the handshake may take too long on a busy machine.
    named = "sync: ConnectionError: "
    problem = eventually(lambda: next((one for one in get_json(service)["problems"] if one.startswith(named)), None))
    assert (given == "no client certificate") != ("certificate verify failed" in problem)


def test_unix_socket(folder: Path, start_service: StartService) -> None:
    socket = folder / "redis.sock"
    with RedisProcess(folder, free_port(), (f"unixsocket {socket}",)) as server, server.client() as client:
        service = start_on(start_service, example("unix socket", {"/run/redis/redis.sock": socket}))
        publishes_what_is_written(service, client)


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_with_the_documented_permissions_and_a_password_in_a_file(
    folder: Path, start_service: StartService, kind: str
) -> None:
    file = folder / "password"
    file.write_text(f"{HIDDEN}\n")
    with (
        RedisProcess(folder / "redis", free_port(), program=require_program(kind)) as server,
        server.client() as client,
    ):
        prepare(client)
        places = {
            "redis.example:6379": f"127.0.0.1:{server.port}",
            "/etc/strategic-memory/redis-password": file,
        }
        service = start_on(start_service, example("user and password", places))
        publishes_what_is_written(service, client)
        # A changed password is read from the file at the next connection.
        client.execute_command("ACL", "SETUSER", "strategic-memory", "resetpass", ">another")
        file.write_text("another")
        client.execute_command("CLIENT", "KILL", "USER", "strategic-memory")
        publishes_what_is_written(service, client)
        eventually(lambda: get_json(service)["problems"] == [])
        service.terminate()
        assert service.wait() == 0
        refused: Any = client.acl_log()
        assert [(entry["reason"], entry["object"]) for entry in refused if entry["reason"] != "auth"] == []
        assert HIDDEN not in service.output()


def test_an_embedded_redis_is_not_given_what_belongs_to_the_url(folder: Path, start_service: StartService) -> None:
    file = folder / "password"
    file.write_text(HIDDEN)
    variables = {"STRATEGIC_MEMORY_REDIS_PASSWORD_FILE": str(file)}
    service = start_service("redis://redis.invalid:6379/0", env=variables, arguments=("--embedded-redis",))
    (started,) = [line for line in service.log_lines() if line["event"] == "Embedded Redis started"]
    password = Path(started["password_file"]).read_text().strip()
    with redis.Redis.from_url(started["redis"], password=password) as client:
        publishes_what_is_written(service, client)
    assert password not in service.output()


def test_an_embedded_redis_is_started_again_once(start_service: StartService) -> None:
    service = start_service("redis://redis.invalid:6379/0", arguments=("--embedded-redis",))
    (started,) = [line for line in service.log_lines() if line["event"] == "Embedded Redis started"]
    password = Path(started["password_file"]).read_text().strip()
    with redis.Redis.from_url(started["redis"], password=password) as client:
        before = publishes_what_is_written(service, client)
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
        eventually(lambda: "Embedded Redis runs again" in service.output())
        publishes_what_is_written(service, client)
        eventually(lambda: stored_feedback(client).get("epoch") not in (None, before.epoch))
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    assert service.wait(60) == 1
    assert "strategic-memory-server: The embedded Redis has died twice. It ended with exit code -9." in service.stderr()


def test_every_command_of_the_scripts_is_among_the_documented_permissions() -> None:
    """Some are only called when servers contend for the lease, or somebody else has written to the log."""
    scripts = REPOSITORY / "server" / "strategic_memory_server" / "revisions" / "scripts"
    text = "".join(script.read_text() for script in scripts.glob("*.lua"))
    called = {f"+{name.lower()}" for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    assert len(called) > 10
    # It is permitted for streams alone.
    assert called - {"+xinfo"} - set(acl_rules()) == set()


def test_the_examples_pass_the_checks_at_the_start(folder: Path) -> None:
    """The rest of the examples needs servers; here all of them meet the same checks as at a start."""
    for name, variables in examples().items():
        files = {}
        for variable, value in variables.items():
            if value.startswith("/etc/") and variable.endswith("_FILE"):
                file = folder / variable
                file.write_text("word")
                files[variable] = str(file)
        if name == "TLS":
            continue
        fields = {key.removeprefix("STRATEGIC_MEMORY_").lower(): value for key, value in (variables | files).items()}
        read_environment(fields)
