"""Lets processes that tests start keep their bytecode, where the environment forbids it beside the sources."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FORBIDDEN = "PYTHONDONTWRITEBYTECODE"
_FOLDER = "PYTHONPYCACHEPREFIX"


def keep_bytecode(folder: Path) -> None:
    """Keep it in `folder`: else each of some hundred services compiles all of this project again."""
    if not os.environ.get(_FORBIDDEN) or _FOLDER in os.environ:
        return
    del os.environ[_FORBIDDEN]
    os.environ[_FOLDER] = sys.pycache_prefix = str(folder)
    sys.dont_write_bytecode = False
