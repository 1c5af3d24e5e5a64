"""What the image is built from: the locks fit pyproject.toml and the Dockerfile, and what is said of it is judged."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from dockerfile import read_dockerfile
from each_case import each_case
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from processes import REPOSITORY

from scripts.image_dependencies import (
    BUILD_LOCK,
    EXTRA,
    FOUND,
    KNOWN_TO_BE_VULNERABLE,
    LOCK,
    NOTHING_KNOWN,
    PERMITTED,
    is_permitted,
    judged,
    main,
    pins,
)

PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
INSTALLED = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"][EXTRA]]
AGAIN = "run `make image-lock`"


def locked(text: str) -> list[tuple[Requirement, list[str]]]:
    """The releases of a lock, with their hashes."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    entries = " ".join(line.removesuffix("\\") for line in lines)
    found = []
    for entry in re.split(r"\s(?=[A-Za-z0-9._-]+==)", entries):
        requirement, *hashes = re.split(r"\s+--hash=", entry.strip())
        found.append((Requirement(requirement), hashes))
    return found


@pytest.mark.parametrize(
    ("lock", "asked"), [(LOCK, INSTALLED), (BUILD_LOCK, PYPROJECT["build-system"]["requires"])], ids=["image", "build"]
)
def test_a_lock_has_a_release_of_everything_that_is_asked_for(lock: Path, asked: list[str]) -> None:
    found = locked(lock.read_text())
    for requirement in map(Requirement, asked):
        releases = [pin for pin, _ in found if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
        assert releases, f"{requirement.name} is not locked: {AGAIN}"
        for pin in releases:
            (version,) = (str(each.version) for each in pin.specifier)
            assert requirement.specifier.contains(Version(version), prereleases=True), f"{requirement}: {AGAIN}"


@pytest.mark.parametrize("lock", [LOCK, BUILD_LOCK], ids=["image", "build"])
def test_every_release_has_hashes_and_comes_from_wherever_pip_looks(lock: Path) -> None:
    text = lock.read_text()
    for pin, hashes in locked(text):
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin
    assert "://" not in text
    assert "index-url" not in text


def test_the_image_installs_nothing_that_is_not_locked() -> None:
    commands = [item.rest for item in read_dockerfile(REPOSITORY / "Dockerfile") if item.keyword == "RUN"]
    installs = [command for command in commands if " pip " in command]
    assert len(installs) == 4
    for command in installs:
        assert ("--require-hashes" in command) != ("--no-deps" in command), command
        assert "--requirement" not in command or "--only-binary :all:" in command
    # Else pip would fetch what builds the wheel by itself.
    assert [command for command in installs if " wheel " in command and "--no-build-isolation" not in command] == []


FLAW = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}
CANARY: dict[str, Any] = {"name": KNOWN_TO_BE_VULNERABLE.partition("==")[0], "version": "1", "vulns": [FLAW]}
HARMLESS = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "Dependency not found and could not be audited: b (1)"}


@each_case(
    "answers, code, line",
    [
        ([HARMLESS, CANARY], 0, "no flaw is known of 1 releases"),
        ([HARMLESS, {**HARMLESS, "vulns": [FLAW]}, UNKNOWN, CANARY], FOUND, "a 1: PYSEC-1, mended in 2"),
        ([HARMLESS, UNKNOWN, CANARY], NOTHING_KNOWN, "the database knows nothing of 1 of 2: b"),
        (
            [HARMLESS, {**CANARY, "vulns": []}],
            NOTHING_KNOWN,
            f"what was asked names no flaw of {KNOWN_TO_BE_VULNERABLE}",
        ),
        ([], NOTHING_KNOWN, f"what was asked names no flaw of {KNOWN_TO_BE_VULNERABLE}"),
    ],
)
def test_an_audit_is_good_only_by_a_database_that_knows_what_it_was_asked(
    answers: list[dict[str, Any]], code: int, line: str
) -> None:
    given, lines = judged(answers)
    assert given == code
    assert lines[0].startswith(line)
    assert CANARY["name"] not in {pin.partition("==")[0] for pin in pins(LOCK.read_text())}


@each_case(
    "licence, permitted",
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND MIT", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_a_licence_that_is_not_known_to_be_permitted_is_not(licence: str, permitted: bool) -> None:
    assert is_permitted(licence) is permitted
    assert "UNKNOWN" not in PERMITTED


def test_wrong_usage_has_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--service", "none"])
    assert ended.value.code not in {0, FOUND, NOTHING_KNOWN}
    assert "choose from" in capsys.readouterr().err
