"""Analyses between values and the wire, both ways, imported when the first one is asked for.

Their values and columns are a quarter of what the library would import, and most programs never ask for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strategic_memory_client.values.deferred import deferred

if TYPE_CHECKING:
    from strategic_memory_client.wire.analysis_from_wire import result_from_wire
    from strategic_memory_client.wire.analysis_to_wire import analyze_request

__all__ = ["analyze_request", "result_from_wire"]

if not TYPE_CHECKING:  # or no wrong name would be noticed
    _ROOM = "strategic_memory_client.wire"
    __getattr__ = deferred(
        __name__,
        {"analyze_request": f"{_ROOM}.analysis_to_wire", "result_from_wire": f"{_ROOM}.analysis_from_wire"},
    )
