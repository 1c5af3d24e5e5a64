"""Writing the report: each file whole, or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from strategic_memory_server.replay.errors import ReplayError
from strategic_memory_server.replay.findings import JsonReport

JSON_NAME, PAGE_NAME = "report.json", "report.html"


def require_writable(folder: Path) -> None:
    """Raise ReplayError for a folder that cannot be written, or made: sooner than after minutes of work."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ReplayError(f"{folder}: no report can be written there; give another --out")


def write_report(folder: Path, report: JsonReport, page: str) -> None:
    """Write both files into a folder, which is made where it is missing; earlier ones are replaced.

    Raises:
        ReplayError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / JSON_NAME, json.dumps(report, indent=2, allow_nan=False) + "\n")
        _write(folder / PAGE_NAME, page)
    except OSError as error:
        raise ReplayError(f"{folder}: cannot be written: {error.strerror or error}; give another --out") from None


def _write(file: Path, content: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as unfinished:
            unfinished.write(content)
        # What mkstemp makes is for its owner alone; a report is as readable as any new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
