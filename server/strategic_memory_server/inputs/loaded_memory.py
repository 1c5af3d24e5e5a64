"""What one load of the memory has brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.inputs.read_outcome import NewTrades
from strategic_memory_server.memory.strategic_memory import StrategicMemory


@dataclass(frozen=True, slots=True)
class LoadedMemory:
    """One reading of all inputs.

    Attributes:
        memory: what was read.
        rejected: inputs that were rejected: entries of a stream when they are read, values for as long as they stay.
        read_up_to: id of the newest entry of each stream that can be read, by source.
        is_behind: whether there is more to read at once: a flood of malformed entries is read some at a time.
        new_trades: trades that this reading has added; None: there is none, the window was read again, or one of them
            has no regime of its own and an observation that was not read yet may be that of its opening.
    """

    memory: StrategicMemory
    rejected: tuple[RejectedInput, ...]
    read_up_to: Mapping[str, str]
    is_behind: bool = False
    new_trades: NewTrades | None = None
