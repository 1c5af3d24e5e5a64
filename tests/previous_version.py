"""The sources of the previous version, out of the history of this repository: servers of both run on one Redis."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
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


@cache
def previous_pythonpath() -> str:
    """Give the PYTHONPATH to run the previous version by; its sources are kept, and compiled once for all tests."""
    kept = REPOSITORY / ".pytest_cache" / f"version-{PREVIOUS}"
    if not kept.is_dir():
        archive = _git("archive", "--format=zip", PREVIOUS, *_ROOTS)
        assert archive.returncode == 0, archive.stderr.decode(errors="replace")
        kept.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as folder, ZipFile(BytesIO(archive.stdout)) as files:
            files.extractall(Path(folder) / "all")
            # Another process may have done so meanwhile; a folder that has something in it is not replaced.
            with suppress(OSError):
                (Path(folder) / "all").rename(kept)
    return ":".join(str(kept / root) for root in _ROOTS)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", REPOSITORY, *arguments], capture_output=True, check=False)
