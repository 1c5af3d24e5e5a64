"""Tracing: what the parts of the service tell of their work, to nobody: what is in force unless traces are asked for.

The names are those of the work. `recorded` does the same for OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

Fields = Mapping[bytes, bytes]
"""Fields of an entry of a stream, as Redis gives them."""


class Span:
    """A stretch of work: one call, or one message of a stream."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None: ...

    def ended_with(self, code: str) -> None:
        """Tell the status code, by its name."""


class Cycle:
    """One cycle of the sync."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None: ...

    def found(self, newest: Callable[[], Iterable[tuple[bytes, Fields]]]) -> None:
        """Tell that the memory was read; `newest` gives the entries that were new in it, with their ids."""

    def begins(self, stage: str) -> None:
        """End the stage in hand and begin another one."""

    def finished(self, outcome: str, failure: str | None) -> None:
        """End the stage in hand, and tell what came of the cycle; `failure` None: nothing went wrong."""


class Tracing:
    """Tells nobody."""

    is_on = False
    """Whether anybody is told."""

    def cycle(self, portfolio: str = "") -> Cycle:
        """Begin a cycle of a portfolio (empty: the default one); its span begins now."""
        return NO_CYCLE

    def carried(self) -> str:
        """Return the W3C `traceparent` of the work in hand, which its log entry carries; empty: it carries none."""
        return ""

    def written(self, epoch: str, revision: int, traceparent: str) -> None:
        """Tell that a revision is in the log, and what its entry carries."""

    def received(self, entries: Sequence[tuple[bytes, Fields]]) -> None:
        """Tell of entries that have come to the log."""

    def call(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> Span:
        """Begin a call of a method, "package.Service/Method"."""
        return NO_SPAN

    def delivery(self, epoch: str, revision: int) -> Span:
        """Begin to write a revision to one stream, as a part of the trace that its log entry carries."""
        return NO_SPAN

    def apart(self) -> Span:
        """Begin what is no part of the work in hand, until the context is left: what it sets going lasts longer."""
        return NO_SPAN

    async def close(self) -> None:
        """Send what is still to be sent, for as long as that may take, and end."""


NO_CYCLE = Cycle()
NO_SPAN = Span()
OFF = Tracing()
