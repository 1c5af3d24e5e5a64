"""Passwords, and files that nobody else may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from strategic_memory_server.files.moved import flush_folder

_OURS_ALONE = 0o600


def new_password() -> str:
    """Return a password that nobody can guess."""
    return secrets.token_urlsafe(24)


def write_private(path: Path, line: str) -> None:
    """Write a file of one line that nobody else may read: whole and on disk, or as it was.

    Whoever is killed meanwhile, or has no room, leaves what stood there, and who reads meanwhile never finds nothing.
    """
    # Behind a link, its target.
    path = path.resolve()
    if _holds(path, line):
        # The file alone may be ours to write, and not its folder.
        return
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OURS_ALONE), "w") as file:
        os.fchmod(file.fileno(), _OURS_ALONE)
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    flush_folder(path.parent)


def _holds(path: Path, line: str) -> bool:
    try:
        return path.stat().st_mode & 0o777 == _OURS_ALONE and path.read_text() == f"{line}\n"
    except (OSError, ValueError):
        return False
