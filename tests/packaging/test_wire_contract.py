"""The guard of the wire contract, on a copy of it: what breaks programs is refused, what is added is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import REPOSITORY, require_tool

FEEDBACK = Path("protos") / "strategic_memory" / "v1" / "feedback.proto"
BASELINE = Path("scripts") / "buf" / "wire-baseline.json"
EPOCH = "string epoch = 2;"

BREAKING = {
    "deleted": "",
    "renumbered": "string epoch = 99;",
    "retyped": "bytes epoch = 2;",
    "renamed": "string era = 2;",
    "made a list": "repeated string epoch = 2;",
}
COMPATIBLE = {
    "a field": f"{EPOCH}\n  // A note.\n  string note = 99;",
    "a comment": f"{EPOCH}  // Opaque.",
}


def wire_contract(action: str, checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "wire_contract.py", action, "--root", checkout],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose baseline holds the whole contract."""
    if not any((REPOSITORY / "scripts" / "buf").glob("node_modules/@bufbuild/buf-*/bin/buf")):
        require_tool("buf")
    unwanted = shutil.ignore_patterns("*.py", "*.pyi", "__pycache__")
    shutil.copytree(REPOSITORY / "protos", tmp_path / "protos", ignore=unwanted)
    shutil.copy(REPOSITORY / "buf.yaml", tmp_path)
    (tmp_path / BASELINE).parent.mkdir(parents=True)
    assert wire_contract("baseline", tmp_path).returncode == 0
    return tmp_path


def replace_epoch(checkout: Path, declaration: str) -> None:
    """Change the first declaration of `epoch`, which is the one of the message Feedback."""
    path = checkout / FEEDBACK
    path.write_text(path.read_text().replace(EPOCH, declaration, 1))


def test_every_file_names_the_packages_of_other_languages() -> None:
    named = {
        path.name: tuple(
            re.findall(r"^option (\w+) = (.+);$", path.read_text(), re.MULTILINE),
        )
        for path in (REPOSITORY / FEEDBACK).parent.glob("*.proto")
    }

    assert {name for name, _ in named["feedback.proto"]} == {
        "csharp_namespace",
        "go_package",
        "java_multiple_files",
        "java_package",
        "objc_class_prefix",
        "php_namespace",
    }
    assert len(set(named.values())) == 1, named


@pytest.mark.parametrize("declaration", BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_programs_is_refused(checkout: Path, declaration: str) -> None:
    before = (checkout / BASELINE).read_text()
    replace_epoch(checkout, declaration)

    for action in ("breaking", "baseline"):
        answer = wire_contract(action, checkout)
        assert answer.returncode == 1, action
        assert "feedback.proto" in answer.stderr
        assert "would break" in answer.stderr
    assert (checkout / BASELINE).read_text() == before


@pytest.mark.parametrize("declaration", COMPATIBLE.values(), ids=COMPATIBLE.keys())
def test_what_is_added_passes(checkout: Path, declaration: str) -> None:
    replace_epoch(checkout, declaration)

    assert wire_contract("breaking", checkout).returncode == 0
    assert wire_contract("baseline", checkout).returncode == 0
    assert wire_contract("baseline-check", checkout).returncode == 0


def test_an_addition_is_guarded_once_the_baseline_is_renewed(checkout: Path) -> None:
    replace_epoch(checkout, COMPATIBLE["a field"])

    behind = wire_contract("baseline-check", checkout)
    assert behind.returncode == 1
    assert "make wire-baseline" in behind.stderr

    assert wire_contract("baseline", checkout).returncode == 0
    path = checkout / FEEDBACK
    path.write_text(path.read_text().replace("string note = 99;", ""))
    assert wire_contract("breaking", checkout).returncode == 1


def test_a_missing_baseline_is_an_error_of_the_check(checkout: Path) -> None:
    (checkout / BASELINE).unlink()

    for action in ("breaking", "baseline-check"):
        answer = wire_contract(action, checkout)
        assert answer.returncode == 1, action
        assert "restore it from git" in answer.stderr


def test_an_undocumented_field_does_not_pass_the_lint(checkout: Path) -> None:
    assert wire_contract("lint", checkout).returncode == 0
    replace_epoch(checkout, f"{EPOCH}\n  string note = 99;")

    answer = wire_contract("lint", checkout)

    assert answer.returncode == 1
    assert "feedback.proto" in answer.stderr


@pytest.mark.parametrize(("required", "code"), [("grpcurl", 0), ("grpcurl,buf", 1)])
def test_a_missing_buf_is_skipped_with_a_notice_unless_it_is_required(tmp_path: Path, required: str, code: int) -> None:
    # The script looks for buf beside itself, so that a copy elsewhere has none.
    script = tmp_path / "scripts" / "wire_contract.py"
    script.parent.mkdir()
    shutil.copy(REPOSITORY / "scripts" / "wire_contract.py", script)

    answer = subprocess.run(
        [sys.executable, script, "lint"],
        env={**os.environ, "STRATEGIC_MEMORY_TEST_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == code
    assert "buf is not installed" in answer.stderr
