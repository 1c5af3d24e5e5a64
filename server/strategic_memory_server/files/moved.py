"""Moves what was written beside its place into it, and has it on disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def move(what: Path, place: Path) -> None:
    """Move a file or folder, in place of a file that is there. Raises OSError.

    Over a network it is asked for again where the answer was lost, and nothing is there to be moved by then.
    """
    moved = what.stat()
    try:
        what.replace(place)
    except FileNotFoundError:
        if what.exists() or not place.exists() or not os.path.samestat(moved, place.stat()):
            raise


def flush_files(folder: Path) -> None:
    """Have the files of a folder on disk, which outlives a power failure. Raises OSError where they cannot be."""
    for file in folder.iterdir():
        _flush(file)
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Have what was moved into a folder there on disk, where its file system can."""
    with contextlib.suppress(OSError):
        _flush(folder)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
