"""The documentation as a site: every page and every link of it, with anchors, is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import REPOSITORY, command_path

import strategic_memory_client as client
from strategic_memory_client import rl

pytestmark = pytest.mark.processes


def staged(folder: Path) -> Path:
    command = [sys.executable, str(REPOSITORY / "scripts" / "site.py"), str(folder)]
    subprocess.run(command, check=True, timeout=60)
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [command_path("zensical"), "build", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_it_is_built_without_a_warning_and_a_link_to_nowhere_is_one(tmp_path: Path) -> None:
    folder = staged(tmp_path / "site")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {page.relative_to(folder / "site").as_posix() for page in (folder / "site").rglob("*.html")}
    assert {f"{each.stem}.html" for each in (REPOSITORY / "docs").glob("*.md")} | {"index.html", "wire.html"} <= pages
    assert "files/examples/rl_agent.py.html" in pages
    reference = (folder / "site" / "python.html").read_text()
    names = [f"{package.__name__}.{name}" for package in (client, rl) for name in package.__all__]
    assert [name for name in names if f'id="{name}"' not in reference] == []
    assert "costs about 150 ns" in reference, "what the docstring of a property says"
    with (folder / "pages" / "streams.md").open("a") as page:
        page.write("\n[nowhere](contract.md#no-such-part)\n")
    broken = build(folder)
    assert broken.returncode != 0
    assert "anchor does not exist" in broken.stdout + broken.stderr


def test_each_page_has_its_place_in_the_navigation() -> None:
    navigation = (REPOSITORY / "zensical.toml").read_text()
    missing = [page.name for page in (REPOSITORY / "docs").glob("*.md") if f'"{page.name}"' not in navigation]
    assert missing == []
