"""Writing the report: each file whole, or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.judging.findings import JsonReport

JSON_NAME, PAGE_NAME = "report.json", "report.html"


def require_writable(folder: Path) -> None:
    """Raise ReplayError for a folder that cannot be written, or made: sooner than after minutes of work."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ReplayError(f"{folder}: no report can be written there; give another --out")


def write_report(folder: Path, report: JsonReport, page: str, at_last: Callable[[], None] = lambda: None) -> None:
    """Write both files into a folder, which is made where it is missing; earlier ones are replaced, both or neither.

    Args:
        folder: where to.
        report: the figures.
        page: the page.
        at_last: called when both are written beside the earlier ones, just before they take their places.

    Raises:
        ReplayError: the folder cannot be written.
    """
    contents = {JSON_NAME: json.dumps(report, indent=2, allow_nan=False) + "\n", PAGE_NAME: page}
    unfinished: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            _write(folder / name, content, unfinished)
        at_last()
        for file, written in unfinished.items():
            written.replace(file)
    except OSError as error:
        raise ReplayError(f"{folder}: cannot be written: {error.strerror or error}; give another --out") from None
    finally:
        for written in unfinished.values():
            written.unlink(missing_ok=True)


def _write(file: Path, content: str, unfinished: dict[Path, Path]) -> None:
    written = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    # Known before it is made: whatever ends the writing, it is removed.
    unfinished[file] = written
    # The rights of any new file: a report is as readable as one.
    with written.open("x", encoding="utf-8", errors="replace") as opened:
        opened.write(content)
