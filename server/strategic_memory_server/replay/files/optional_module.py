"""Packages that some formats need and the service does not: they are several times as large."""

from __future__ import annotations

import importlib
from typing import Any

from strategic_memory_server.replay.files.errors import NotInstalledError


def optional_module(name: str, otherwise: str) -> Any:  # noqa: ANN401  pyarrow and python-calamine have no types
    """Import a module.

    Args:
        name: the module.
        otherwise: what to say where its package is not installed.

    Raises:
        NotInstalledError: it is not; with what there is to say.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise NotInstalledError(otherwise) from None
