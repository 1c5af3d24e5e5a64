"""A memory that is sent with a request, read."""

from __future__ import annotations

from strategic_memory.v1 import memory_pb2
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.inline.inline_memory import read_inline_memory


def read(message: memory_pb2.InlineMemory, windows: WindowSettings | None = None) -> StrategicMemory:
    """Return the memory that a message says."""
    return read_inline_memory(message, windows or WindowSettings()).memory
