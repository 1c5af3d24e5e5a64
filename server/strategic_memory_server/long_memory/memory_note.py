"""Note: what a script is to write down of the long memory, in the same step as what is published."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_core import to_json

from strategic_memory_server.evidence.plain_blocks import blocks_to_plain
from strategic_memory_server.evidence.plain_sums import to_plain
from strategic_memory_server.long_memory.kept_trades import KeptTrades
from strategic_memory_server.long_memory.memory_keys import MemoryKeys

COUNTED_IDS, BLOCKS = "counted_ids", "blocks"
"""Names of what stands beside the sums in their JSON."""

_NOTE_ARGUMENTS = (
    *("has_note", "stands_at", "newest_id", "exploration_was", "exploration"),
    *("read_up_to", "sums", "duplicates", "numbered", "horizon", "is_full"),
)


@dataclass(frozen=True, slots=True)
class Note:
    """What a script is to write down: the memory as it will be, if it still stands where it is believed to stand.

    Attributes:
        stands_at: where it is believed to stand.
        kept: the memory as it will be.
        trade_ids: ids to remember with it, oldest first.
        horizon: ids of trades that are remembered.
        exploration_was: what is believed to be tried, as Redis holds it.
        exploration_text: what will be, likewise.
        keys: where it lies; None: under the prefix, by the names that a first memory has.
        newest_id: the newest id that is believed to be remembered; empty: none.
        is_full: whether the oldest ids have to go.
    """

    stands_at: str
    kept: KeptTrades
    trade_ids: tuple[str, ...]
    horizon: int
    exploration_was: bytes = b""
    exploration_text: bytes = b""
    keys: MemoryKeys | None = None
    newest_id: str = ""
    is_full: bool = True

    def numbered_ids(self) -> list[str | int]:
        """Return the number and the id of each trade to remember, as the scripts take them."""
        first = self.kept.numbered - len(self.trade_ids) + 1
        return [part for number, name in enumerate(self.trade_ids, first) for part in (number, name)]


def note_arguments(note: Note | None) -> dict[str, str | int | bytes]:
    """Return a note as the scripts take it, by the names of `scripts/prelude.lua`; None: there is nothing to note."""
    if note is None:
        return dict.fromkeys(_NOTE_ARGUMENTS, "")
    kept = note.kept
    plain = to_plain(kept.sums) | {COUNTED_IDS: kept.counted_ids.to_plain()}
    if kept.sums.blocks is not None:
        plain[BLOCKS] = blocks_to_plain(kept.sums.blocks)
    return {
        "has_note": "1",
        "stands_at": note.stands_at,
        "newest_id": note.newest_id,
        "exploration_was": note.exploration_was,
        "exploration": note.exploration_text,
        "read_up_to": kept.read_up_to,
        "sums": to_json(plain),
        "duplicates": kept.duplicates,
        "numbered": kept.numbered,
        "horizon": note.horizon,
        "is_full": "1" if note.is_full else "",
    }
