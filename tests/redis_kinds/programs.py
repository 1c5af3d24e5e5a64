"""Redis servers of several versions and makers, for tests that must hold on each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from processes import REPOSITORY

from strategic_memory_server.embedded.redis_binary import program_in_wheel

KINDS = ("redis-6.2", "redis-7", "redis-8", "valkey")


def require_program(kind: str) -> Path:
    """Return the server program of a kind.

    Skips the test when there is none, but fails when STRATEGIC_MEMORY_TEST_REQUIRE names the kind.
    """
    program = _program(kind)
    if program is not None:
        return program
    if kind in os.environ.get("STRATEGIC_MEMORY_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{kind} is required by STRATEGIC_MEMORY_TEST_REQUIRE, but no such server was found")
    pytest.skip(f"no server program of the kind {kind} was found")


@cache
def version_of(program: Path) -> tuple[str, tuple[int, int]]:
    """Return a server program's name and version: ("redis", (6, 2))."""
    output = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=60).stdout
    matched = re.match(r"(\w+) server v=(\d+)\.(\d+)", output, re.IGNORECASE)
    assert matched, output
    return matched[1].lower(), (int(matched[2]), int(matched[3]))


@cache
def _program(kind: str) -> Path | None:
    return next((path for path in _candidates() if _fits(kind, *version_of(path))), None)


def _fits(kind: str, name: str, version: tuple[int, int]) -> bool:
    if kind == "redis-6.2":
        return name == "redis" and version == (6, 2)
    if kind == "redis-7":
        return name == "redis" and version >= (7, 0)
    if kind == "redis-8":
        return name == "redis" and version >= (8, 0)
    return name == kind


def _candidates() -> list[Path]:
    """Every server program there is: on PATH, where `make` and .ci/run put tools, and inside the wheel."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, sorted(REPOSITORY.glob(".tools/*/")))]
    found = [shutil.which(name, path=folder) for name in ("redis-server", "valkey-server") for folder in folders]
    return [Path(path) for path in dict.fromkeys([*found, program_in_wheel()]) if path is not None]
