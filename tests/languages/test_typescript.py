"""The TypeScript client against real services: its own tests, and what its program prints through kills."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from certificates import Authority
from chaos.client_values import feedback_of_client
from conftest import StartService
from languages import typescript
from languages.kills import play_kills, play_outage
from languages.program import Library
from languages.told_lines import feedback_of_line
from processes import REPOSITORY, eventually
from redis_inputs import add_regime

from strategic_memory_client import ClientOptions, FeedbackStatus, StrategicMemoryClient
from strategic_memory_client import Feedback as ClientFeedback

pytestmark = pytest.mark.timeout(180)  # with what is installed the first time


@pytest.fixture(scope="module")
def libraries() -> list[Library]:
    """The library, once for each of its transports."""
    return typescript.libraries()


@pytest.fixture
def guarded(start_service: StartService, tmp_path: Path) -> dict[str, str]:
    """A service with a certificate for `memory.test` that knows one token; how to reach it, for the tests."""
    authority = Authority(tmp_path, "authority")
    certificate = authority.certificate("server")
    (tmp_path / "token").write_text("a-token-of-tests\n")
    digest = hashlib.sha256(b"a-token-of-tests").hexdigest()
    (tmp_path / "access").write_text(f"tests read sha256:{digest}\n")
    service = start_service(
        env={
            "STRATEGIC_MEMORY_VALIDITY": "60",
            "STRATEGIC_MEMORY_TLS_CERT": str(certificate.chain),
            "STRATEGIC_MEMORY_TLS_KEY": str(certificate.key),
            "STRATEGIC_MEMORY_ACCESS_FILE": str(tmp_path / "access"),
        }
    )
    return {
        "STRATEGIC_MEMORY_TLS_ADDRESS": service.grpc_address,
        "STRATEGIC_MEMORY_ROOT_CERTIFICATES": str(authority.own.chain),
        "STRATEGIC_MEMORY_TOKEN_FILE": str(tmp_path / "token"),
    }


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Address that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_its_own_tests_pass(
    libraries: list[Library],
    start_service: StartService,
    redis_client: redis.Redis,
    guarded: dict[str, str],
    silent_address: str,
) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "60"})
    publish(redis_client, service.grpc_address)
    environment = {
        **os.environ,
        **guarded,
        "STRATEGIC_MEMORY_ADDRESS": service.grpc_address,
        "STRATEGIC_MEMORY_SILENT_ADDRESS": silent_address,
    }
    ran = subprocess.run(
        ["node", "--test", *sorted((typescript.PACKAGE / "dist" / "test").glob("*.test.js"))],
        cwd=typescript.PACKAGE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "skipped 0\n" in ran.stdout


def publish(client: redis.Redis, address: str) -> None:
    for _ in range(3):
        add_regime(client, "BULL", 0.3)
    with StrategicMemoryClient(address) as asker:
        assert eventually(lambda: asker.get_feedback().status is FeedbackStatus.ACTIVE)


def test_no_revision_is_lost_or_doubled_through_kills(libraries: list[Library], tmp_path: Path) -> None:
    outcome = asyncio.run(play_kills(libraries, 4, tmp_path))
    assert outcome.problems == []
    assert (outcome.kills, outcome.drains) == (3, 1)
    for program in outcome.programs:
        assert outcome.doubles(program) == 0, program.name
        assert sum(program.lost_to.values()) >= 4, program.name
        if program.name.endswith("EVERY"):
            assert outcome.gaps(program) == 0, program.name
            assert "ServiceUnavailableError DRAINING" in program.lost_to
        else:
            assert {answer.feedback.status.name for answer in program.answers} >= {"WARMING_UP", "ACTIVE"}


def test_it_is_back_after_an_outage(libraries: list[Library], tmp_path: Path) -> None:
    outcome = asyncio.run(play_outage(libraries, 2.0, tmp_path))
    assert outcome.problems == []
    assert set(outcome.back_s) == {program.name for program in outcome.programs}


def test_newest_is_what_the_python_client_answers(
    libraries: list[Library], start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": "60"})
    address = service.grpc_address
    with ExitStack() as stack:
        python = stack.enter_context(StrategicMemoryClient(address, options=ClientOptions(heartbeat_interval_s=0.2)))
        programs = [stack.enter_context(lines_of(library, address)) for library in libraries]
        unheard = next(stack.enter_context(lines_of(libraries[0], "127.0.0.1:1")))
        assert feedback_of_line(unheard["feedback"])[0] == feedback_of_client(python.newest)
        publish(redis_client, address)
        python.follow()
        for status in (FeedbackStatus.ACTIVE, FeedbackStatus.STALE):
            eventually(lambda status=status: python.newest.status is status)  # type: ignore[misc]
            for lines in programs:
                told = next(line["feedback"] for line in lines if is_newest(line, status))
                assert without_validity(told) == without_validity(python.newest)
            service.kill()


@contextmanager
def lines_of(library: Library, address: str) -> Iterator[Iterator[dict[str, Any]]]:
    """What a program prints of `newest`."""
    asked = {"addresses": [address], "transport": library.transport, "newestEveryMs": 20, "heartbeatMs": 200}
    pipe = subprocess.PIPE
    with subprocess.Popen([*library.command, json.dumps(asked)], stdin=pipe, stdout=pipe, text=True) as program:
        assert program.stdout is not None
        yield (told for line in program.stdout if (told := json.loads(line))["event"] == "newest")
        program.kill()


def is_newest(line: dict[str, Any], status: FeedbackStatus) -> bool:
    feedback, _ = feedback_of_line(line["feedback"])
    return feedback.status.value == status.value and feedback.position.revision > 0


def without_validity(told: dict[str, Any] | ClientFeedback) -> tuple[object, ...]:
    """What is to be the same, whichever heartbeat was the last to be heard."""
    feedback = feedback_of_line(told)[0] if isinstance(told, dict) else feedback_of_client(told)
    return feedback.position, feedback.status, feedback.advice, feedback.seen


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((typescript.PACKAGE / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_generated_code_that_is_not_what_the_contract_says_is_named(libraries: list[Library], tmp_path: Path) -> None:
    package = tmp_path / "clients" / "typescript"
    shutil.copytree(REPOSITORY / "protos", tmp_path / "protos")
    shutil.copytree(typescript.PACKAGE / "src" / "generated", package / "src" / "generated")
    (package / "node_modules").symlink_to(typescript.PACKAGE / "node_modules")
    folder = package / "src" / "generated" / "strategic_memory" / "v1"
    (folder / "old_pb.ts").touch()
    (folder / "errors_pb.ts").unlink()
    checked = subprocess.run(
        [sys.executable, "-m", "scripts.typescript_code", "check", "--root", tmp_path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    named = [Path(line.split()[0]).name for line in checked.stderr.splitlines()]
    assert named == ["errors_pb.ts", "old_pb.ts"]
