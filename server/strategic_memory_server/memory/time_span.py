"""TimeSpan: which entries count, by the time of their stream id."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.columns.stream_position import LARGEST


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From one millisecond to another, both included.

    Attributes:
        first_ms: earliest time, milliseconds since 1970-01-01 UTC; None: however early.
        last_ms: latest time; None: however late.
    """

    first_ms: int | None = None
    last_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether every entry counts."""
        return self.first_ms is None and self.last_ms is None

    @property
    def smallest_id(self) -> str:
        """Where a range of a stream begins."""
        return "-" if self.first_ms is None or self.first_ms <= 0 else f"{self.first_ms}-0"

    @property
    def largest_id(self) -> str:
        """Where a range of a stream ends. Before 1970 there is nothing: no entry has the id 0-0."""
        if self.last_ms is None:
            return "+"
        return "0-0" if self.last_ms < 0 else f"{self.last_ms}-{LARGEST}"

    @property
    def id_before(self) -> str:
        """The largest id before the span; "0-0" where there is none."""
        return "0-0" if self.first_ms is None or self.first_ms <= 0 else f"{self.first_ms - 1}-{LARGEST}"


ALL_TIME = TimeSpan()
