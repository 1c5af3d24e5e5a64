"""Moves what was written beside its place into it."""

from __future__ import annotations

from pathlib import Path


def move(what: Path, place: Path) -> None:
    """Move a file or folder, in place of a file that is there. Raises OSError.

    Over a network it is asked for again where the answer was lost, and nothing is there to be moved by then.
    """
    try:
        what.replace(place)
    except FileNotFoundError:
        if what.exists() or not place.exists():
            raise
