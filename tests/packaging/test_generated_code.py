"""The check that the committed code is what the .proto files say, on a copy of both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import REPOSITORY

FOLDER = Path("protos") / "strategic_memory" / "v1"


def generated_code(action: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "generated_code.py", action, "--root", checkout],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose code was generated just now; it is shared, so a test must not change it."""
    folder = tmp_path_factory.mktemp("generated")
    shutil.copytree(REPOSITORY / "protos", folder / "protos")
    assert generated_code("write", folder).returncode == 0
    return folder


@pytest.fixture
def checkout(generated: Path, tmp_path: Path) -> Path:
    """A checkout whose generated code is up to date."""
    shutil.copytree(generated / "protos", tmp_path / "protos")
    return tmp_path


def snapshot(checkout: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}


def test_generating_twice_gives_the_same_bytes(checkout: Path) -> None:
    before = snapshot(checkout)

    assert generated_code("write", checkout).returncode == 0

    assert snapshot(checkout) == before


def test_up_to_date_code_passes(checkout: Path) -> None:
    answer = generated_code("check", checkout)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["feedback_pb2.py", "feedback_pb2.pyi", "service_pb2_grpc.py", "service_pb2_grpc.pyi"])
@pytest.mark.parametrize("change", ["edit", "remove"])
def test_each_kind_of_generated_file_is_compared(checkout: Path, name: str, change: str) -> None:
    path = checkout / FOLDER / name
    if change == "edit":
        path.write_text(path.read_text() + "\n")
    else:
        path.unlink()

    answer = generated_code("check", checkout)

    assert answer.returncode == 1
    assert f"{FOLDER / name} is" in answer.stderr
    assert "make protos" in answer.stderr


def test_a_changed_contract_is_noticed_and_generating_mends_it(checkout: Path) -> None:
    proto = checkout / FOLDER / "memory.proto"
    proto.write_text(proto.read_text().replace("double pnl = 2;", "double pnl = 2;\n  string note = 99;", 1))

    assert generated_code("check", checkout).returncode == 1
    assert generated_code("write", checkout).returncode == 0
    assert generated_code("check", checkout).returncode == 0
    assert "note" in (checkout / FOLDER / "memory_pb2.pyi").read_text()


def test_code_that_belongs_to_no_contract_is_noticed_and_removed(checkout: Path) -> None:
    stale = checkout / FOLDER / "old_pb2.py"
    stale.touch()

    answer = generated_code("check", checkout)

    assert "old_pb2.py belongs to no .proto file" in answer.stderr
    assert generated_code("write", checkout).returncode == 0
    assert not stale.exists()


def test_a_contract_that_does_not_compile_changes_nothing(checkout: Path) -> None:
    proto = checkout / FOLDER / "memory.proto"
    proto.write_text(proto.read_text() + "message {\n")
    before = snapshot(checkout)

    answer = generated_code("write", checkout)

    assert answer.returncode == 1
    assert "memory.proto" in answer.stderr
    assert snapshot(checkout) == before
