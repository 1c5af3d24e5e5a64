"""CONTRIBUTING.md draws the rooms as they import each other and names files that are there for each promise.

Tests cite sections of the contract that exist.
"""

from __future__ import annotations

import re
import tomllib

import pytest
from processes import REPOSITORY

ROOTS = {"S": "server/strategic_memory_server", "C": "client/strategic_memory_client"}
CONTRACT = (REPOSITORY / "docs" / "contract.md").read_text()
CITED = re.compile(r"\bcontract ((?:\d(?:\.\d)?(?:, (?=\d))?)+)", re.IGNORECASE)


def sections() -> set[str]:
    found = set()
    for part in re.split(r"^## ", CONTRACT, flags=re.MULTILINE)[1:]:
        number = part[0]
        found |= {number} | {f"{number}.{point}" for point in re.findall(r"^(\d)\. ", part, re.MULTILINE)}
    return found


def drawn(after: str) -> list[set[str]]:
    """The rooms that stand in the plan below a sentence, from the top down."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    plan = re.search(r"\n\n((?: {4}.*\n)+)", text[text.index(after) :])
    assert plan
    floors: list[set[str]] = []
    for line in plan[1].splitlines():
        names = set(re.findall(r"([a-z_]+)(?:\.py|/(?:[a-z]+/)?)", re.split(r" {2,}(?=[^ |])", line.strip())[0]))
        if line.strip().startswith("|") or (floors and names == floors[-1]):
            floors[-1] |= names
        else:
            floors.append(names)
    return floors


@pytest.mark.parametrize(
    ("after", "container"),
    [
        ("The server has these rooms", "strategic_memory_server"),
        ("The client has these rooms", "strategic_memory_client"),
    ],
)
def test_the_plan_is_what_the_imports_are_held_to(after: str, container: str) -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each.get("containers") == [container]]
    assert drawn(after) == [set(layer.split(" | ")) for layer in layers]


def test_each_promise_is_kept_where_the_map_says() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`([SC])/([\w/.]+)`", text)
    assert len(named) > 30
    missing = [f"{root}/{path}" for root, path in named if not (REPOSITORY / ROOTS[root] / path).is_file()]
    assert missing == []


def test_the_sections_that_tests_cite_are_there() -> None:
    known = sections()
    cited = {
        number
        for path in (REPOSITORY / "tests").rglob("*.py")
        for found in CITED.findall(path.read_text())
        for number in found.split(", ")
    }
    assert len(cited) > 10
    assert cited - known == set()
