"""Installs the distribution into virtual environments that hold nothing else, and runs its commands there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment in `venv`, the `wheel` installed into it, the `source` that was built from."""

    venv: Path
    wheel: Path
    source: Path

    def run(self, command: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment far from the checkout; it may fail.

        `settings` are environment variables to add.
        """
        return subprocess.run(
            [self.venv / "bin" / command, *arguments],
            cwd=self.venv,
            env={**bare_environment(), **settings},
            capture_output=True,
            text=True,
            timeout=180,  # the first one compiles all that it imports
            check=False,
        )


def bare_environment() -> dict[str, str]:
    """This environment without what would lend a virtual environment modules or settings of this one."""
    ours = ("PYTHON", "VIRTUAL_ENV", "STRATEGIC_MEMORY_", "REDIS_URL", "MEMORY_SYNC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def set_up(*command: str | Path, folder: Path) -> None:
    """Run one step of a set-up in `folder`, this Python first on PATH; its output is in the failure."""
    # Compiling all that is installed takes longer than what is run of it.
    environment = {**bare_environment(), "PIP_COMPILE": "0"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    if finished.returncode != 0:
        pytest.fail(f"{command} ended with {finished.returncode}\n{finished.stdout}{finished.stderr}")
