"""The choice of an interpreter: what is on PATH is run, not believed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import REPOSITORY

RUNS = "exec '{python}' \"$@\""
BROKEN = "echo 'version manager: no such version' >&2; exit 127"
# Each runs the question that it is asked (the argument after -c) in a real Python that was changed before.
OLD = "exec '{python}' -c 'import sys; sys.version_info = (3, 10); exec(sys.argv[1])' \"$2\""
WITHOUT_VENV = "exec '{python}' -c 'import sys; sys.modules[\"ensurepip\"] = None; exec(sys.argv[1])' \"$2\""

Install = Callable[[str, str, str], Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Put an interpreter into a folder: (folder, name, what it does) -> its path."""

    def put(folder: str, name: str, script: str) -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script.format(python=sys.executable)}\n")
        path.chmod(0o755)
        return path

    return put


def find_python(*folders: Path, python: str | Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": ":".join(map(str, folders))}
    if python is not None:
        environment["PYTHON"] = str(python)
    return subprocess.run(
        ["/bin/sh", REPOSITORY / "scripts" / "find-python"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_that_does_not_run_is_passed_over(install: Install) -> None:
    broken = install("first", "python3.12", BROKEN)
    working = install("second", "python3.12", RUNS)

    assert find_python(broken.parent, working.parent).stdout == f"{working}\n"


def test_an_interpreter_that_has_every_wheel_is_preferred(install: Install) -> None:
    newer = install("first", "python3.13", RUNS)
    preferred = install("second", "python3.11", RUNS)

    assert find_python(newer.parent, preferred.parent).stdout == f"{preferred}\n"


def test_a_newer_interpreter_is_taken_where_no_other_is(install: Install) -> None:
    install("folder", "python3.12", BROKEN)
    newer = install("folder", "python3.13", RUNS)

    assert find_python(newer.parent).stdout == f"{newer}\n"


def test_an_old_interpreter_is_refused_by_name(install: Install) -> None:
    old = install("folder", "python3", OLD)

    answer = find_python(old.parent)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"{old} does not fit" in answer.stderr


def test_the_missing_module_is_named_where_no_environment_can_be_made(install: Install) -> None:
    python = install("folder", "python3.11", WITHOUT_VENV)
    install("folder", "python3", OLD)

    answer = find_python(python.parent)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"{python} cannot make virtual environments" in answer.stderr
    assert "apt-get install python3-venv" in answer.stderr


def test_an_interpreter_without_venv_does_not_hide_a_complete_one(install: Install) -> None:
    incomplete = install("first", "python3.12", WITHOUT_VENV)
    complete = install("second", "python3", RUNS)

    assert find_python(incomplete.parent, complete.parent).stdout == f"{complete}\n"


def test_a_chosen_interpreter_is_taken_and_no_other(install: Install, tmp_path: Path) -> None:
    other = install("folder", "python3.12", RUNS)
    chosen = install("a folder", "my-python", RUNS)

    assert find_python(other.parent, python=chosen).stdout == f"{chosen}\n"
    assert find_python(other.parent, python="python3.12").stdout == f"{other}\n"
    refused = find_python(other.parent, python=tmp_path / "missing")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "missing is not a CPython 3.11" in refused.stderr


def test_nothing_on_path_says_what_to_install(tmp_path: Path) -> None:
    answer = find_python(tmp_path)

    assert answer.returncode == 1
    assert "No CPython 3.11 or newer that runs was found on PATH." in answer.stderr
    assert "PYTHON=" in answer.stderr
