"""Stored: the long memory as Redis holds it."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.evidence.exploration import NOTHING_TRIED, Exploration
from strategic_memory_server.long_memory.kept_trades import KeptTrades
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.memory_keys import MemoryKeys


@dataclass(frozen=True, slots=True)
class Stored:
    """What Redis holds.

    Attributes:
        kept: the memory; an empty one where there is none, or none that can be gone on from.
        known_ids: ids of trades that count no more.
        stands_at: where Redis says that it stands, to be compared by the script that writes; NOTHING_READ: nowhere.
        exploration: what is being tried.
        exploration_text: the same as Redis holds it, to be compared too; empty: nothing.
        exploration_anew: the same as it would be written now.
        keys: where it lies; None: under the prefix, by the names that a first memory has.
        ids_lost: whether Redis lacks the newest ids of trades that the memory counted, or all of them.
        newest_there: the id of a trade that Redis lists as the newest, whoever has put it there; empty: none.
        at_least: so many trades it must have had, as the ids say that are left of a memory that is gone; 0: unknown.
    """

    kept: KeptTrades
    known_ids: KnownIds
    stands_at: str
    exploration: Exploration = NOTHING_TRIED
    exploration_text: bytes = b""
    exploration_anew: bytes = b""
    keys: MemoryKeys | None = None
    ids_lost: bool = False
    newest_there: bytes = b""
    at_least: int = 0
