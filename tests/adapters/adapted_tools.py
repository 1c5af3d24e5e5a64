"""Starts a program with the interpreter of a tool, or skips the test where the tool is not installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from processes import REPOSITORY, do_without
from records.environments import interpreter_of, is_installed
from records.pinned import PINNED


def run_with(tool_name: str, program: Path, *arguments: str) -> str:
    """Run a program to its end; return what it said."""
    (tool,) = [tool for tool in PINNED if tool.name == tool_name]
    if not is_installed(tool):
        do_without(tool_name, f"{tool_name} is not installed: make adapters")
    done = subprocess.run(
        [str(interpreter_of(tool)), "-W", "ignore", str(program), *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "examples")},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout
