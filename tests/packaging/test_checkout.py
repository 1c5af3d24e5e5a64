"""What a checkout offers a developer: the targets, the hooks, and one version everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from typing import Any

import pytest
import yaml
from processes import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, flags=re.MULTILINE))
HOOKS: list[dict[str, Any]] = [
    hook
    for repository in yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]


def make(*arguments: str) -> str:
    # The tests may run under make, whose own flags and variables are not meant for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    finished = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


def test_every_target_for_people_is_listed_without_an_argument() -> None:
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", make(), flags=re.MULTILINE))

    assert listed == TARGETS
    assert {
        "demo",
        "test",
        "lint",
        "types",
        "unit",
        "protos",
        "protos-check",
        "proto-lint",
        "wheel",
    } <= listed


def test_every_listed_target_is_no_file() -> None:
    assert set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, flags=re.MULTILINE)) >= TARGETS


def test_the_whole_check_takes_every_single_check() -> None:
    (single,) = re.findall(r"^test: (.*?) +##", MAKEFILE, flags=re.MULTILINE)

    assert set(single.split()) == {
        "lint",
        "types-and-bytecode",
        "protos-check",
        "proto-lint",
        "wire-baseline-check",
        "unit",
    }
    assert re.search(r"^types-and-bytecode: .*\n\t@\$\(MAKE\) .* types bytecode$", MAKEFILE, flags=re.MULTILINE)


def test_another_environment_and_arguments_reach_the_commands() -> None:
    dry = make("--dry-run", "demo", "VENV=/elsewhere", "ARGS=--seconds 20")

    assert "/elsewhere/bin/strategic-memory-server demo --seconds 20" in dry


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_runs_targets_that_exist(hook: dict[str, Any]) -> None:
    program, option, *targets = hook["entry"].split()

    assert (program, option, hook["language"]) == ("make", "--no-print-directory", "system")
    assert set(targets) <= TARGETS


def test_the_changelog_has_the_version_of_the_distribution() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]

    assert f"\n## [{version}]" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_findings_are_shell_scripts_that_no_check_collects() -> None:
    configuration = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]
    assert {file.suffix for file in (REPOSITORY / "findings").iterdir()} <= {".sh", ".md"}
    assert configuration["pytest"]["ini_options"]["testpaths"] == ["tests"]
    assert "findings" in configuration["ruff"]["extend-exclude"]
    assert "findings" not in MAKEFILE
