"""What can go wrong when a trace is written, as the caller sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strategic_memory_producer.entry import Entry


class TraceError(Exception):
    """A trace was not written, or perhaps not. The message says why and what to do."""


class TakenElsewhereError(TraceError, TypeError):
    """A writer was copied or pickled. A `TypeError` too, as for anything else that cannot be."""


class EntryRefusedError(TraceError, ValueError):
    """A value is wrong; nothing was sent. `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), self.args), self.__dict__


class UnwrittenError(TraceError):
    """Redis cannot be reached, refused to write, or went away while it was asked to.

    `entries` have not been confirmed and may be written again without harm: `writer.write(error.entries)`. `in_doubt`
    are observations and portfolio entries that were on their way when the connection broke: to write them again may
    count them twice, to leave them out may lose them. A trade with a `trade_id` is never in doubt, for it counts once.
    """

    def __init__(self, message: str, entries: Sequence[Entry], in_doubt: Sequence[Entry]) -> None:
        super().__init__(message)
        self.entries = tuple(entries)
        self.in_doubt = tuple(in_doubt)

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), self.args), self.__dict__


def _made_again(kind: type[TraceError], arguments: tuple[object, ...]) -> TraceError:
    return kind.__new__(kind, *arguments)
