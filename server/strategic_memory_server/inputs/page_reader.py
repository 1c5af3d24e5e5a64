"""PageReader: reads pages of one stream into columns.

A page is read at once where every entry in it is an ordinary one. One that has others is halved until they stand by
themselves, and those are read one by one, which says what is wrong with them. Where many are, so is what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from strategic_memory_server.columns.stream_position import id_of, position_of_id
from strategic_memory_server.entries.entry_fields import Fields, RejectionError, numpy_scalar
from strategic_memory_server.entries.field_columns import UnusualEntryError
from strategic_memory_server.entries.notes import NUMPY_SCALAR
from strategic_memory_server.entries.rejections import RejectedInput
from strategic_memory_server.windows.column_buffer import Columns, joined_columns

FEW = 16
"""So many entries are read one by one as fast as at once."""

MANY = 0.25
"""Where that share of the entries had to be read by themselves, halving what follows finds few that need not be."""

Page = list[tuple[bytes, Fields]]
EntryT = TypeVar("EntryT")


class DecodedPage:
    """A page that was read: columns of its usable entries, how many they are, the others, and how many were read.

    `noted` are usable entries with something about how they are written, and the note in place of a reason.
    """

    __slots__ = ("columns", "looked_at", "noted", "rejected", "usable")

    def __init__(
        self,
        columns: Columns,
        usable: int,
        rejected: list[RejectedInput],
        looked_at: int,
        noted: Sequence[RejectedInput] = (),
    ) -> None:
        self.columns = columns
        self.usable = usable
        self.rejected = rejected
        self.looked_at = looked_at
        self.noted = noted


class PageReader(Generic[EntryT]):
    """Reads pages of one stream into columns.

    Args:
        source: name of the stream.
        read: reads the fields of an entry, and knows the milliseconds of its id.
        pack: makes columns of entries and their positions.
        read_whole: makes the same columns of a whole page; raises UnusualEntryError where it cannot.
    """

    def __init__(
        self,
        source: str,
        read: Callable[[Fields, int], EntryT],
        pack: Callable[[Sequence[EntryT], Sequence[bytes]], Columns],
        read_whole: Callable[[Page], Columns],
    ) -> None:
        self.source = source
        self._read = read
        self._pack = pack
        self._read_whole = read_whole
        self._meets_many = False

    def read(self, page: Page, *, at_most: int | None = None) -> DecodedPage:
        """Read entries in the order they have, up to so many usable ones."""
        parts: list[DecodedPage] = []
        wanted, left = len(page) if at_most is None else at_most, page
        while left and wanted:
            some = list(self._parts(left[:wanted])) if wanted > FEW else [self._one_by_one(left, wanted)]
            parts.extend(some)
            wanted -= sum(part.usable for part in some)
            left = left[sum(part.looked_at for part in some) :]
        return _joined(parts) if parts else self._one_by_one([], 0)

    def _parts(self, page: Page) -> Iterator[DecodedPage]:
        """Read all entries of a page, in as few parts as can be."""
        if len(page) <= FEW or self._meets_many:
            yield self._one_by_one(page, len(page))
            return
        try:
            columns = self._read_whole(page)
        except UnusualEntryError:
            middle = len(page) // 2
            yield from self._parts(page[:middle])
            yield from self._parts(page[middle:])
        else:
            yield DecodedPage(columns, len(page), [], len(page))

    def _one_by_one(self, page: Page, at_most: int) -> DecodedPage:
        entries: list[EntryT] = []
        positions: list[bytes] = []
        rejected: list[RejectedInput] = []
        noted: list[RejectedInput] = []
        looked_at = 0
        for entry_id, fields in page:
            if len(entries) == at_most:
                break
            looked_at += 1
            try:
                entries.append(self._read(fields, id_of(entry_id)[0]))
            except RejectionError as refused:
                rejected.append(RejectedInput(self.source, refused.reason, refused.excerpt, entry_id.decode()))
            else:
                positions.append(position_of_id(entry_id))
                if written := numpy_scalar(fields):
                    noted.append(RejectedInput(self.source, NUMPY_SCALAR, written, entry_id.decode()))
        self._meets_many = len(rejected) + len(noted) > MANY * looked_at
        return DecodedPage(self._pack(entries, positions), len(entries), rejected, looked_at, noted)


def _joined(parts: Sequence[DecodedPage]) -> DecodedPage:
    if len(parts) == 1:
        return parts[0]
    return DecodedPage(
        joined_columns([part.columns for part in parts]),
        sum(part.usable for part in parts),
        [entry for part in parts for entry in part.rejected],
        sum(part.looked_at for part in parts),
        [entry for part in parts for entry in part.noted],
    )
