"""Analyses between values and the wire, both ways, imported when the first one is asked for.

Their values and columns are a quarter of what the library would import, and most programs never ask for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategic_memory_client.wire.analysis_from_wire import result_from_wire
    from strategic_memory_client.wire.analysis_to_wire import analyze_request

__all__ = ["analyze_request", "result_from_wire"]

if not TYPE_CHECKING:  # or no wrong name would be noticed

    def __getattr__(name: str) -> object:
        """Import a name at its first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = "analysis_to_wire" if name == "analyze_request" else "analysis_from_wire"
        value = getattr(import_module(f"strategic_memory_client.wire.{home}"), name)
        globals()[name] = value
        return value
