"""StreamFollower: reads one stream, first backwards until its window is full, from then on what is new.

Synchronous: it says which commands it wants sent and is fed the replies; MemoryLoader does the sending. What it has
read waits in it until the loader takes it over into the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redis.exceptions import ResponseError

from strategic_memory_server.columns.stream_position import LAST_ID, id_of, position_of, position_of_id, shown_id
from strategic_memory_server.entries.input_keys import key_of
from strategic_memory_server.entries.rejections import RejectedInput, refusal
from strategic_memory_server.inputs.bookmark import Bookmark, StreamInfo, digest_of_info
from strategic_memory_server.inputs.gap_watch import GapWatch
from strategic_memory_server.inputs.page_reader import EntryT, Page, PageReader
from strategic_memory_server.inputs.read_outcome import NewEntries, ReadOutcome
from strategic_memory_server.inputs.reading_limits import MANY_PASSED, READ_ON, ReadingLimits
from strategic_memory_server.inputs.window_scan import WindowScan
from strategic_memory_server.memory.strategic_memory import SourceReport
from strategic_memory_server.redis_access.round_trip import Reply, packed, pairs, stream_entries
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.rolling_window import ALL_GONE, RollingWindow

NONE_GONE = b""


class StreamFollower:
    """State of reading one stream.

    Args:
        window: what it is read into.
        reader: reads its entries.
        prefix: key prefix.
        limits: how much is read at once.
        patience: so many new entries are read one after the other; from more on the window is read anew.
    """

    def __init__(
        self, window: RollingWindow, reader: PageReader[EntryT], prefix: str, limits: ReadingLimits, patience: int
    ) -> None:
        self.window = window
        self.source = reader.source
        self.unreadable: RejectedInput | None = None
        self.outcome: ReadOutcome | None = None
        self.gaps = GapWatch(reader.source)
        self.bookmark: Bookmark | None = None
        self._reader = reader
        self._key = key_of(prefix, reader.source)
        self.ask_info = packed("XINFO", "STREAM", self._key)
        """Asks what the stream is like."""
        self.looked_like: int | None = None
        """Digest of what it was like when it was last read."""
        self._limits, self._patience = limits, patience
        self._asked, self._reads_on = 0, False
        self._left_at: Bookmark | None = None
        self._after_first = Bookmark()
        self.is_behind = False
        """Whether there is more to read than was read on with."""
        self._resume: Bookmark | None = None
        self._kept: Bookmark | None = None
        self._new: Page = []
        self._met: list[RejectedInput] = []
        self._noted: list[RejectedInput] = []
        self.taken: NewEntries | None = None
        """What was read after what was known, once it was taken over; None: the window was read anew, or none was."""
        self._begin()

    def begin(self, *, reread: bool, reads_on: bool = False, arrived: Page | None = None) -> None:
        """Begin a reading, from where the last one that was taken over has ended.

        Args:
            reread: read the window again from the stream.
            reads_on: read what is new in its order, however much it is, and not from the newest backwards.
            arrived: what is known to be new, oldest first: where that is all there is, it is not read again.
        """
        self.gaps.found, self.bookmark, self.taken = None, self._kept, None
        self.is_behind, self._reads_on = False, reads_on
        self._begin(None if self.bookmark is None else arrived)
        if reread:
            self.restart()

    def restart(self) -> None:
        """Read the window again from the stream, in this reading."""
        self._left_at = self.bookmark or self._left_at
        self.bookmark = self._resume = None
        self._begin()

    def _look_backwards(self, bookmark: Bookmark) -> None:
        """Look for the window among the newest entries; where they are malformed, read on from the bookmark instead."""
        self.restart()
        self._resume = bookmark

    def _read_on(self, bookmark: Bookmark) -> None:
        self.bookmark, self._resume, self._reads_on = bookmark, None, True
        self._begin()

    @property
    def from_scratch(self) -> bool:
        """Whether the window is being read from the stream."""
        return self.bookmark is None

    @property
    def progress(self) -> tuple[int, int]:
        """How many entries have been read from scratch so far, and how many there are to read at most."""
        return self._scan.usable, min(self._info.length, self.window.length)

    def commands(self) -> list[bytes]:
        """Return the commands to send next; none when the reading is complete."""
        if self.outcome is not None:
            return []
        if self._arrived is not None:
            return [self.ask_info]
        info: list[bytes] = [] if self._informed else [self.ask_info]
        if self.bookmark is None:
            self._asked = self._scan.page_size
            page = packed("XREVRANGE", self._key, self._scan.before, "-", "COUNT", self._asked)
        elif self._informed:
            start = f"({shown_id(id_of(self._new[-1][0]))}"
            self._asked = self._limits.page_now
            page = packed("XRANGE", self._key, start, "+", "COUNT", self._asked)
        else:
            at_most = self._limits.page_now
            # The entry at the bookmark is one of them.
            self._asked = 1 + (at_most if self._reads_on else min(self._patience, at_most))
            page = packed("XRANGE", self._key, shown_id(self.bookmark.newest), "+", "COUNT", self._asked)
        return [*info, page]

    def feed(self, replies: Sequence[Reply]) -> None:
        """Take the replies to the commands, in their order: values or errors.

        Raises:
            redis.exceptions.RedisError: an error that no producer has caused.
        """
        first = not self._informed
        if first:
            self._take_info(replies[0])
        if self.outcome is not None:
            return
        if self._arrived is not None and self.bookmark is not None:
            self._look(self.bookmark, self._arrived)
        elif isinstance(replies[-1], Exception):
            self._give_up(refusal(self.source, replies[-1]))
        elif self.bookmark is None:
            self._take_old(stream_entries(replies[-1]), first=first)
        else:
            self._take_new(stream_entries(replies[-1]), self.bookmark, first=first)

    @property
    def arrived(self) -> int:
        """Number of entries to take over, at most."""
        return self._scan.usable if self.outcome is ReadOutcome.REREAD else len(self._new)

    def new_columns(self) -> Iterator[Columns]:
        """Take over the usable entries that were read, oldest first, some at a time."""
        if self.outcome is ReadOutcome.REREAD:
            yield from self._scan.take_oldest_first()
        elif self.outcome is ReadOutcome.NEW:
            for start in range(0, len(self._new), size := self._limits.page_entries):
                read = self._reader.read(self._new[start : start + size])
                self._met.extend(read.rejected)
                self._noted.extend(read.noted)
                if read.usable:
                    yield read.columns

    def take_malformed(self) -> list[RejectedInput]:
        """Take over the malformed entries that were read, oldest first, and what was noted; after the usable ones."""
        met, noted = self._met, self._noted
        if self.outcome is ReadOutcome.REREAD:
            met, noted = self._scan.rejected[::-1], self._scan.noted[::-1]
        for tail, entries in ((self.window.malformed, met), (self.window.oddly_written, noted)):
            for entry in entries:
                tail.append(position_of_id(entry.entry_id.encode()), entry.reason, entry.excerpt)
        return met

    @property
    def read_up_to(self) -> str:
        """Id of the newest entry that was read; "0-0" without one."""
        return shown_id((self.bookmark or Bookmark()).newest)

    @property
    def first_position(self) -> bytes:
        """Position of the first entry of the stream, as far as that is known."""
        if self.bookmark is None or self.outcome is ReadOutcome.MISSING:
            return ALL_GONE
        first = self.bookmark.first
        return NONE_GONE if first is None else position_of(first)

    @property
    def is_whole(self) -> bool:
        """Whether everything that is in the stream is remembered."""
        oldest = self.window.oldest
        return oldest is None or oldest <= self.first_position

    @property
    def fits(self) -> bool:
        """Whether the window agrees with the length of the stream, where it holds the whole stream."""
        if self.outcome is not ReadOutcome.NEW or self.bookmark is None or self.bookmark.first is None:
            return True
        length = self.bookmark.length
        return length is None or not self.is_whole or self.window.spanned == length

    def report(self, latest_ms: int) -> SourceReport:
        """Say what the stream has contributed; ids that are later than a time are noted."""
        if self.unreadable is not None:
            reason, excerpt = self.unreadable.reason, self.unreadable.excerpt
            return SourceReport(self.source, 0, {reason: 1}, examples={reason: excerpt})
        notes = self.window.notes(latest_ms)
        examples = self.window.malformed.examples() | self.window.examples(notes)
        notes |= self.gaps.notes()
        rejected = self.window.malformed.counts()
        return SourceReport(self.source, self.window.counted, rejected, notes, examples, self.window.refused_last)

    def commit(self) -> None:
        """Let go of what has been taken over."""
        known = self._kept if self.outcome is ReadOutcome.NEW else None
        if known is None:
            self.taken = None
        else:
            self.taken = NewEntries(shown_id(known.newest), self._new, is_all=not self.is_behind)
        if self.outcome is ReadOutcome.REREAD:
            self.outcome = ReadOutcome.NEW
        self._new, self._met, self._noted = [], [], []
        self._kept = self.bookmark

    def rest(self) -> None:
        """Take note that the stream is what it was when it was last read."""
        self.gaps.found = self.taken = None
        self.end()

    def end(self) -> None:
        """End a reading."""
        self.gaps.end(is_full=self.window.counted >= self.window.length)

    def _begin(self, arrived: Page | None = None) -> None:
        self.outcome = None
        self._informed = False
        self._arrived = arrived
        self._info = StreamInfo()
        self._scan = WindowScan(self.window.length, self._reader, self._limits)
        self._new, self._met, self._noted = [], [], []

    def _take_info(self, reply: Reply) -> None:
        self._informed, self.looked_like = True, digest_of_info(reply)
        if not isinstance(reply, Exception):
            self._info = StreamInfo.of(pairs(reply))
            self.gaps.look(self.bookmark or self._left_at, self._info)
        elif not (isinstance(reply, ResponseError) and "no such key" in str(reply)):
            self._give_up(refusal(self.source, reply))
        else:
            self._find_nothing(None)
            self.bookmark = Bookmark()

    def _look(self, bookmark: Bookmark, arrived: Page) -> None:
        """Take what has arrived where that is all there is; ask for it in the next round trip otherwise."""
        self._arrived = None
        page = bookmark.range_to_end(self._info, arrived)
        if page is None:
            self._informed = False
        else:
            self._asked = len(page) + 1
            self._take_new(page, bookmark, first=True)

    def _take_old(self, page: Page, *, first: bool) -> None:
        if first:
            self._after_first = Bookmark.after(self._info, page)
        self._scan.feed(page, self._asked)
        passed = self._scan.scanned - self._scan.usable
        if self._resume is not None and passed > MANY_PASSED and self._resume.comes_within(self._info):
            self._read_on(self._resume)
        elif not self._scan.page_size:
            self.outcome, self.bookmark, self.unreadable = ReadOutcome.REREAD, self._after_first, None
            self._left_at = None

    def _take_new(self, page: Page, bookmark: Bookmark, *, first: bool) -> None:
        new = bookmark.new_entries(page) if first else page
        if new is None:
            self.restart()
            return
        self._new.extend(new)
        if len(page) == self._asked and page[-1][0] != LAST_ID:
            if not self._reads_on and len(self._new) >= self._patience:
                self._look_backwards(bookmark)
            if not self._reads_on or len(self._new) < READ_ON:
                return
            self.is_behind = True
        moved = bookmark.moved(self._info, self._new, is_all=not self.is_behind)
        if moved is None or bookmark.has_lost_one(self._info, self.window.oldest):
            self.restart()
        else:
            self.outcome, self.bookmark = ReadOutcome.NEW, moved

    def _give_up(self, refused: RejectedInput) -> None:
        self._find_nothing(refused)
        self.bookmark = None

    def _find_nothing(self, refused: RejectedInput | None) -> None:
        self.outcome, self.unreadable, self._left_at = ReadOutcome.MISSING, refused, None
