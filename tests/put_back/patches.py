"""Patches that put a fault back which was mended once, each with what has to find it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from processes import REPOSITORY

FOLDER = Path(__file__).parent
FOUND_BY = "Found by: "
_DIFF = "--- a/"


@dataclass(frozen=True, slots=True)
class Patch:
    """One fault.

    Attributes:
        file: the patch: a sentence, the lines `Found by: `, and a unified diff.
        fault: the sentence.
        found_by: tests, each as pytest names it without its parameters.
    """

    file: Path
    fault: str
    found_by: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.file.stem

    def apply(self, tree: Path, *, only_check: bool = False) -> str:
        """Put the fault into a copy of the repository; gives why it cannot be, "" when it can."""
        check = ["--check"] if only_check else []
        done = subprocess.run(
            ["git", "apply", *check, str(self.file)], cwd=tree, capture_output=True, text=True, check=False
        )
        return done.stderr if done.returncode else ""


def read_patch(file: Path) -> Patch:
    """Read a patch; an AssertionError says what it lacks."""
    head, found, _ = file.read_text().partition(_DIFF)
    lines = [line for line in head.splitlines() if line and not line.startswith(("diff ", "index "))]
    found_by = tuple(line.removeprefix(FOUND_BY) for line in lines if line.startswith(FOUND_BY))
    fault = " ".join(line for line in lines if not line.startswith(FOUND_BY))
    assert found, f"{file.name}: there is no unified diff in it"
    assert fault, f"{file.name}: it does not say what the fault is"
    assert found_by, f"{file.name}: a line `{FOUND_BY}tests/...::test_...` says what has to find it"
    return Patch(file, fault, found_by)


def all_patches() -> list[Patch]:
    """Return every patch, by name."""
    return [read_patch(file) for file in sorted(FOLDER.glob("*.patch"))]


def names_a_test(found_by: str) -> bool:
    """Whether there is such a test."""
    file, _, name = found_by.partition("::")
    path = REPOSITORY / file
    return path.is_file() and f"def {name.rpartition('::')[2]}(" in path.read_text()
