"""Puts faults back one at a time, and demands that the tests find them: `make put-back ARGS="lease"`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from processes import REPOSITORY
from put_back.patches import Patch, all_patches

_SOURCES = ("protos", "server", "client", "producer")
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "dist", "build")
_PASSED, _FAILED = 0, 1


def main(chosen: list[str]) -> int:
    """Try the patches whose name contains one of these words, or all; 1 when a fault was not found."""
    patches = [patch for patch in all_patches() if not chosen or any(word in patch.name for word in chosen)]
    if not patches:
        _say(f"no patch has one of {chosen} in its name")
        return 2
    missed = [patch.name for patch in patches if not _is_found(patch)]
    _say(f"{len(patches) - len(missed)} of {len(patches)} faults were found" + "".join(f"\n  not: {m}" for m in missed))
    return 1 if missed else 0


def _is_found(patch: Patch) -> bool:
    """Whether each test that is named passes without the fault and fails with it."""
    with tempfile.TemporaryDirectory(prefix="strategic-memory-put-back-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(REPOSITORY, tree, ignore=_LEFT_OUT)
        _say(f"{patch.name}: {patch.fault}")
        code, output = _run(tree, patch.found_by)
        if code != _PASSED:
            _say(f"  the tests do not pass without it (exit code {code}):\n{output}")
            return False
        if why := patch.apply(tree):
            _say(f"  it does not fit the sources any more:\n{why}")
            return False
        found = [_finds(tree, test) for test in patch.found_by]
        return all(found)


def _finds(tree: Path, test: str) -> bool:
    code, output = _run(tree, (test,))
    _say(f"  {'found' if code == _FAILED else 'NOT FOUND'} by {test}")
    if code not in (_PASSED, _FAILED):
        _say(output)
    return code == _FAILED


def _run(tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """Run tests in a copy of the repository, whose packages come before those that are installed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(tree / source) for source in _SOURCES)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=tree, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
