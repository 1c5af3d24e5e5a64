"""Imports what may not be installed, or says how to install it."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

EXIT_NOT_INSTALLED = 2

_EXTRAS = {"hmmlearn": "regimes"}
"""Which extra a package comes with, where that is not `server`."""


def imported(name: str) -> ModuleType:
    """Import a module of this distribution; end the process when a package that it needs is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("strategic_memory"):
            raise
        sys.stderr.write(
            f"strategic-memory-server needs {missing.name}, which is not installed: "
            f"pip install 'strategic-memory[{_EXTRAS.get(missing.name or '', 'server')}]'\n"
        )
        raise SystemExit(EXIT_NOT_INSTALLED) from None
