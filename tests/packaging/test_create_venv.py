"""Making the virtual environment: again where it is broken, never over something else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from installation import bare_environment
from processes import REPOSITORY


def create_venv(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", REPOSITORY / "scripts" / "create-venv", folder],
        env={**bare_environment(), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_environment_is_made_once_and_made_again_when_broken(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"

    assert create_venv(venv).returncode == 0
    marker = venv / "marker"
    marker.touch()
    assert create_venv(venv).stderr == ""
    assert marker.exists()

    python.unlink()
    assert f"Creating {venv}" in create_venv(venv).stderr
    assert not marker.exists()
    subprocess.run([python, "-c", "import pip"], check=True)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "work.txt"
    precious.touch()

    answer = create_venv(tmp_path)

    assert answer.returncode == 1
    assert "VENV=" in answer.stderr
    assert precious.exists()
