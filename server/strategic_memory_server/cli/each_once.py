"""Files that are read together are different files."""

from __future__ import annotations

from pathlib import Path

import click


def each_once(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Refuse a file that is given twice: each of its trades would count twice."""
    seen: dict[tuple[int, int], Path] = {}
    for file in files:
        found = file.stat()
        before = seen.setdefault((found.st_dev, found.st_ino), file)
        if before is not file:
            raise click.BadParameter(f"{file} is the same file as {before}: give each file once")
    return files
