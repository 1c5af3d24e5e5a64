"""CONTRIBUTING.md names files that are there for each promise, and tests cite sections of the contract that exist."""

from __future__ import annotations

import re

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
