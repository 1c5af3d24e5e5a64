"""Imports what may not be installed, or says how to install it."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

EXIT_NOT_INSTALLED = 2


def imported(name: str) -> ModuleType:
    """Import a module of this distribution; end the process when a package that it needs is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("strategic_memory"):
            raise
        sys.stderr.write(
            f"strategic-memory-server needs {missing.name}, which is not installed: "
            "pip install 'strategic-memory[server]'\n"
        )
        raise SystemExit(EXIT_NOT_INSTALLED) from None
