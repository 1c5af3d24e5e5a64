"""The sources of the previous version, out of the history of this repository: servers of both run on one Redis."""

from __future__ import annotations

import subprocess
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from processes import REPOSITORY

PREVIOUS = "179c77c2d87963134b48e2930ea6c5dc9a5b26f2"
"""No release and no tag names a version yet: this is the last commit before the log and its scripts were changed."""

_ROOTS = ("protos", "server", "client")


@cache
def why_not_there() -> str:
    """Say why the sources cannot be had; "" when they can."""
    try:
        done = _git("cat-file", "-e", f"{PREVIOUS}^{{commit}}")
    except OSError as error:
        return f"git cannot be run: {error.strerror}"
    return "" if done.returncode == 0 else f"this checkout has no history back to {PREVIOUS[:7]}"


def previous_pythonpath(folder: Path) -> str:
    """Write the sources of the previous version into a new folder, and give the PYTHONPATH to run them by."""
    archive = _git("archive", "--format=zip", PREVIOUS, *_ROOTS)
    assert archive.returncode == 0, archive.stderr.decode(errors="replace")
    with ZipFile(BytesIO(archive.stdout)) as files:
        files.extractall(folder)
    return ":".join(str(folder / root) for root in _ROOTS)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", REPOSITORY, *arguments], capture_output=True, check=False)
