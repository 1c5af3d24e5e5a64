"""Whether a file can be read, in words for whoever has set it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def why_unreadable(path: str) -> str | None:
    """Say why a file cannot be read; None where it can."""
    try:
        mode = Path(path).stat().st_mode
    except PermissionError:
        return f"{path} may not be read by this user"
    except (OSError, ValueError):
        return f"{shown_path(path)} is not there"
    if not stat.S_ISREG(mode):
        return f"{path} is not a file"
    return None if os.access(path, os.R_OK) else f"{path} may not be read by this user"


def shown_path(path: str) -> str:
    """Return how a file that is not there is told: what is no path for sure may be the key or password itself."""
    is_path = path.startswith(("/", "./", "../")) and path.isprintable()
    return path if is_path else "a file of that name (give its path, not what is in it)"
