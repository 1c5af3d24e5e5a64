"""What the packaging tests share: the wheel, and environments that hold nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dockerfile import read_dockerfile
from installation import Installation, set_up
from processes import REPOSITORY


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no package registry answers; fail if STRATEGIC_MEMORY_TEST_REQUIRE names `registry`."""
    folder = tmp_path_factory.mktemp("registry")
    question = [
        "pip",
        "download",
        "--quiet",
        "--no-cache-dir",
        "--no-deps",
        "--dest",
        str(folder),
        "hatchling",
    ]
    answer = subprocess.run([sys.executable, "-m", *question], capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return
    if "registry" in os.environ.get("STRATEGIC_MEMORY_TEST_REQUIRE", "").split(","):
        pytest.fail(f"STRATEGIC_MEMORY_TEST_REQUIRE asks for a package registry; none answers\n{answer.stderr}")
    pytest.skip("no package registry answers")


@pytest.fixture(scope="session")
def image(registry: None, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Take the steps of the Dockerfile's build stage, its folders moved into a temporary one.

    It gives what the image runs: the wheel beside what is locked for it, in an environment of its own.
    """
    root = tmp_path_factory.mktemp("image")
    source = root / "src"
    source.mkdir()
    for instruction in read_dockerfile(REPOSITORY / "Dockerfile"):
        if instruction.stage != "build":
            break
        if instruction.keyword == "COPY":
            copy_into(source, instruction.arguments)
        if instruction.keyword == "RUN":
            set_up("sh", "-c", moved(instruction.rest, root), folder=source)
    return Installation(root / "opt" / "strategic-memory", only_wheel(root / "wheels"), source)


def copy_into(source: Path, arguments: list[str]) -> None:
    """Copy what a COPY instruction names, without what .dockerignore leaves out everywhere."""
    *names, target = arguments
    for name in names:
        origin = REPOSITORY / name
        if origin.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(origin, source / target, ignore=unwanted)
        else:
            shutil.copy(origin, source / target)


def moved(command: str, root: Path) -> str:
    """Put the image's folders that a command names below `root`."""
    for folder in ("/opt/build", "/opt/strategic-memory", "/wheels"):
        command = command.replace(folder, f"{root}{folder}")
    return command


def only_wheel(folder: Path) -> Path:
    """Return the one wheel in a folder."""
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def client_only(image: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the wheel without any extra into an empty environment."""
    folder = tmp_path_factory.mktemp("client-only")
    venv = folder / "venv"
    set_up(sys.executable, "-m", "venv", "--without-pip", venv, folder=folder)
    python = venv / "bin" / "python"
    set_up(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", image.wheel, folder=folder)
    return Installation(venv, image.wheel, image.source)
