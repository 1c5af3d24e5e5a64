"""The TypeScript client against real services: its own tests, and what its program prints through kills."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import redis
from conftest import StartService
from languages import typescript
from languages.library_checks import check_kills, check_losses, check_newest, check_outage, refused_code
from languages.program import Library
from processes import REPOSITORY

pytestmark = pytest.mark.timeout(400)  # with what is installed the first time


@pytest.fixture(scope="module")
def libraries() -> list[Library]:
    """The library, once for each of its transports."""
    return typescript.libraries()


def test_its_own_tests_pass(libraries: list[Library], surroundings: dict[str, str]) -> None:
    ran = subprocess.run(
        ["node", "--test", *sorted((typescript.PACKAGE / "dist" / "test").glob("*.test.js"))],
        cwd=typescript.PACKAGE,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "skipped 0\n" in ran.stdout


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
    assert refused_code("scripts.typescript_code", tmp_path) == ["errors_pb.ts", "old_pb.ts"]
