"""Passwords, and files that nobody else may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def new_password() -> str:
    """Return a password that nobody can guess."""
    return secrets.token_urlsafe(24)


def write_private(path: Path, line: str) -> None:
    """Write a file of one line that nobody else may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"{line}\n")
