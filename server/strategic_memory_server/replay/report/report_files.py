"""Writing the report: each file whole, or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from strategic_memory_server.files.moved import move
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.judging.findings import JsonReport

JSON_NAME, PAGE_NAME = "report.json", "report.html"

Writing = Callable[[Path], None]
"""Writes a file that is not there yet."""


def require_writable(folder: Path) -> None:
    """Raise ReplayError for a folder that cannot be written, or made: sooner than after minutes of work."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ReplayError(f"{folder}: no report can be written there; give another --out")


def write_report(
    folder: Path,
    report: JsonReport,
    page: str,
    at_last: Callable[[], None] = lambda: None,
    beside: Mapping[Path, Writing] = MappingProxyType({}),
) -> None:
    """Write both files into a folder, which is made where it is missing; earlier ones are replaced, all or none.

    Args:
        folder: where to.
        report: the figures.
        page: the page.
        at_last: called when all are written beside the earlier ones, just before they take their places.
        beside: what else is written with them: for each file what writes it, given a new file to write.

    Raises:
        ReplayError: one of them cannot be written.
    """
    shown = json.dumps(report, indent=2, allow_nan=False) + "\n"
    writings: dict[Path, Writing] = {
        **beside,
        folder / JSON_NAME: partial(_write_text, shown),
        folder / PAGE_NAME: partial(_write_text, page),
    }
    unfinished: dict[Path, Path] = {}
    file = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, writing in writings.items():
            # Known before it is made: whatever ends the writing, it is removed.
            unfinished[file] = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
            writing(unfinished[file])
        at_last()
        for file, written in unfinished.items():
            move(written, file)
    except OSError as error:
        raise ReplayError(f"{file}: cannot be written: {error.strerror or error}; give another place") from None
    finally:
        for written in unfinished.values():
            written.unlink(missing_ok=True)


def _write_text(content: str, file: Path) -> None:
    # The rights of any new file: a report is as readable as one.
    with file.open("x", encoding="utf-8", errors="replace") as opened:
        opened.write(content)
