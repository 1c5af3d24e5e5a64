"""The Go client against real services: its own tests, and what its program prints through kills."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import redis
from conftest import StartService
from languages import go
from languages.library_checks import check_kills, check_losses, check_newest, check_outage, publish, refused_code
from languages.program import Library
from languages.unread import VALIDITY_S, newest_after_a_freeze
from processes import REPOSITORY

pytestmark = pytest.mark.timeout(400)  # with what is fetched and compiled the first time


@pytest.fixture(scope="module")
def libraries() -> list[Library]:
    """The library."""
    return go.libraries()


def test_its_own_tests_pass(libraries: list[Library], surroundings: dict[str, str]) -> None:
    race = ["-race"] if os.environ.get("STRATEGIC_MEMORY_TEST_RACES") else []
    ran = go.go("test", "-v", "-count=1", *race, ".", **surroundings)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "--- SKIP" not in ran.stdout


def test_nothing_is_suspicious_and_all_is_formatted(libraries: list[Library]) -> None:
    vetted = go.go("vet", "./...")
    assert vetted.returncode == 0, vetted.stderr
    sources = [str(path) for path in go.MODULE.rglob("*.go") if not path.name.endswith(".pb.go")]
    formatted = subprocess.run([go.formatter(), "-l", *sources], capture_output=True, text=True, check=True)
    assert formatted.stdout == ""


def test_no_revision_is_lost_or_doubled_through_kills(libraries: list[Library], tmp_path: Path) -> None:
    check_kills(libraries, tmp_path)


def test_it_is_back_after_an_outage(libraries: list[Library], tmp_path: Path) -> None:
    check_outage(libraries, tmp_path)


def test_a_frozen_server_and_lost_history_are_told(libraries: list[Library], tmp_path: Path) -> None:
    check_losses(libraries, tmp_path)


def test_newest_is_what_the_python_client_answers(
    libraries: list[Library], start_service: StartService, redis_client: redis.Redis
) -> None:
    check_newest(libraries, start_service(env={"STRATEGIC_MEMORY_VALIDITY": "60"}), redis_client)


def test_what_waited_unread_is_not_acted_upon(
    libraries: list[Library], start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": f"{VALIDITY_S:g}"})
    publish(redis_client, service.grpc_address)
    assert set(newest_after_a_freeze(libraries[0], service)) == {"STALE"}


def test_generated_code_that_is_not_what_the_contract_says_is_named(libraries: list[Library], tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "protos", tmp_path / "protos")
    shutil.copytree(go.MODULE, tmp_path / "clients" / "go")
    folder = tmp_path / "clients" / "go" / "strategicmemoryv1"
    (folder / "old.pb.go").touch()
    (folder / "errors.pb.go").unlink()
    assert refused_code("scripts.go_code", tmp_path) == ["errors.pb.go", "old.pb.go"]
