"""LongMemory: keeps the sums of all trades at hand for the server that leads.

It reads what is new, and gives a note that the publisher writes down in the same atomic step as what it publishes.
Only once that has succeeded is the note taken for granted; after anything else what Redis holds is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from strategic_memory_server.advice.drawdown_guard import NO_TRADES, ClosedTrades
from strategic_memory_server.columns.stream_position import id_order
from strategic_memory_server.evidence.exploration import Exploration
from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.inputs.read_outcome import NewTrades
from strategic_memory_server.long_memory.blocks_again import with_blocks_again
from strategic_memory_server.long_memory.exploration_document import exploration_text, read_exploration
from strategic_memory_server.long_memory.far_trades import FarTrades
from strategic_memory_server.long_memory.kept_trades import NOTHING_READ, KeptTrades, add_page
from strategic_memory_server.long_memory.memory_loss import MemoryLoss
from strategic_memory_server.long_memory.memory_note import Note
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.repeated_trades import RepeatedTrades
from strategic_memory_server.long_memory.stored import Stored
from strategic_memory_server.long_memory.trade_reader import TradePage, TradeReader
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.redis_access.round_trip import Reply

SET_BACK = "trade_stream_set_back"

LOOK_S = 1.0
"""Least time between two looks whether Redis still holds the memory, seconds."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The memory as it is now.

    Attributes:
        kept: the sums, with what is new.
        note: what is to be written down of trades; None when none is new.
        is_complete: whether every trade of the stream is in it; the next page follows otherwise.
        stored: what Redis holds.
        counted: the trades that are new in it.
    """

    kept: KeptTrades
    note: Note | None
    is_complete: bool
    stored: Stored
    counted: ClosedTrades = NO_TRADES

    def note_with(self, exploration: Exploration) -> Note | None:
        """Return what is to be written down when this is tried from now on; None when nothing is new."""
        stored = self.stored
        # Mostly nothing has changed: with a trial in each of hundreds of regimes it takes milliseconds to write them.
        text = stored.exploration_anew if exploration is stored.exploration else exploration_text(exploration)
        if text == stored.exploration_text:
            return self.note
        return replace(self.note or _note(stored, self.kept, ()), exploration_text=text)


def _note(stored: Stored, kept: KeptTrades, trade_ids: tuple[str, ...]) -> Note:
    text, known_ids = stored.exploration_text, stored.known_ids
    return Note(
        stored.stands_at,
        kept,
        trade_ids,
        known_ids.horizon,
        text,
        text,
        stored.keys,
        newest_id="" if stored.ids_lost else known_ids.newest,
        is_full=len(known_ids) + len(trade_ids) > known_ids.horizon or not known_ids.horizon,
    )


class LongMemory:
    """Gathers trades.

    Args:
        store: reads what Redis holds.
        reader: reads new trades.
        max_regimes: regimes that are kept apart; the others are OTHER.
        problems: where it is told that the trade stream has gone back, and that trades are in another unit.
        loss: is told what the memory holds, and tells of a loss.
        clock_s: a clock that only goes forward, seconds.
    """

    def __init__(
        self,
        store: MemoryStore,
        reader: TradeReader,
        max_regimes: int = MAX_REGIMES,
        problems: Problems | None = None,
        loss: MemoryLoss | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._reader = reader
        self._max_regimes = max_regimes
        self._problems = problems or Problems()
        self._stored: Stored | None = None
        self._loss = loss or MemoryLoss(self._problems)
        self._far = FarTrades(self._problems)
        self._repeated = RepeatedTrades(self._problems)
        # What was told of a stream that has gone back, for as long as it has.
        self._set_back = ""
        self._went_back_to: str | None = None
        self._clock_s = clock_s
        self._looked_s = clock_s()
        # Ids that were taken from the stream, since Redis has lost them; they are written down with the next note.
        self._restored: tuple[str, ...] = ()
        # So many trades with an id were counted as none of their ids was found in the whole stream.
        self._none_found_of: int | None = None
        # Blocks that were made for a memory without any; likewise.
        self._has_new_blocks = False

    async def gather(self, newest_trade: str | None = None, new: NewTrades | None = None) -> Gathered:
        """Read what is new.

        Args:
            newest_trade: id of the newest entry of the trade stream, where that is known: nothing is asked for then
                if the memory reaches so far already.
            new: trades that were read already; where they go on from the memory they are not read again.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        gathered = await self._gather(newest_trade, new)
        kept = gathered.kept
        self._loss.gathered(kept.sums.observations, kept.numbered, is_complete=gathered.is_complete)
        self._far.look(kept.sums)
        return gathered

    async def _gather(self, newest_trade: str | None, new: NewTrades | None) -> Gathered:
        if self._stored is not None and self._clock_s() - self._looked_s >= LOOK_S:
            self._looked_s = self._clock_s()
            if not await self._store.is_there(self._stored):
                self._stored = None
        stored = self._stored or await self._read()
        kept = stored.kept
        restored = _note(stored, kept, self._restored) if self._restored or self._has_new_blocks else None
        if newest_trade is not None and newest_trade == kept.read_up_to:
            self._went_back_to = None
            return Gathered(kept, restored, is_complete=True, stored=stored)
        if new is not None and new.entries.after == kept.read_up_to:
            start, page = kept.read_up_to, TradePage.of(new)
        else:
            start = await self._start(kept.read_up_to, newest_trade)
            page = await self._reader.read_after(start)
        if page.read_up_to == start:
            return Gathered(kept, restored, is_complete=True, stored=stored)
        added = await add_page(kept, page.trades, page.read_up_to, stored.known_ids, self._max_regimes)
        counted_ids = kept.counted_ids.read_on(start, page.first, page.read_up_to, page.trades.positions)
        kept = replace(added.kept, counted_ids=counted_ids)
        self._report_set_back(kept, added.left_out)
        trade_ids = (*self._restored, *added.trade_ids)[-max(stored.known_ids.horizon, 1) :]
        counted = replace(added.counted, read=counted_ids)
        return Gathered(kept, _note(stored, kept, trade_ids), page.is_last, stored, counted)

    def _report_set_back(self, kept: KeptTrades, left_out: int = 0) -> None:
        """Tell that the stream has gone back behind what was counted, until it is beyond that again."""
        highest = kept.counted_ids.highest
        if highest is None or id_order(kept.read_up_to) >= highest:
            self._set_back = ""
            self._problems.withdraw(SET_BACK)
            return
        if left_out:
            self._set_back = (
                f"the trade stream has gone back to the id {kept.read_up_to}, and the long memory has counted up to "
                f"{highest[0]}-{highest[1]}: {left_out} trades were left out, since they were counted before. If they "
                "are others, run `strategic-memory-server rebuild-memory`, which sums what the stream holds"
            )
        if self._set_back:
            self._problems.state(SET_BACK, self._set_back)

    async def _read(self) -> Stored:
        """Read what Redis holds; ids of trades that it has lost are taken from what the stream still holds."""
        stored = await self._store.read()
        self._looked_s, self._restored = self._clock_s(), ()
        self._has_new_blocks = stored.kept.without_blocks > 0
        if self._has_new_blocks:
            horizon = stored.known_ids.horizon
            kept = await with_blocks_again(self._reader, stored.kept, horizon, self._max_regimes)
            stored = replace(stored, kept=kept)
        self._report_set_back(stored.kept)
        self._loss.read(stored.kept.sums.observations, stored.at_least)
        if stored.ids_lost:
            most = min(stored.known_ids.horizon, stored.kept.numbered)
            if stored.kept.numbered != self._none_found_of:
                self._restored = tuple(await self._reader.ids_until(stored.kept.read_up_to, most))
            self._none_found_of = None if self._restored else stored.kept.numbered
            stored.known_ids.add(self._restored)
            self._loss.ids_lost(len(self._restored))
        self._stored = stored
        return stored

    async def _start(self, read_up_to: str, newest_trade: str | None) -> str:
        """Return where to read on: from the beginning where the stream was made anew, with lower ids than before."""
        is_back = newest_trade is not None and id_order(newest_trade) < id_order(read_up_to)
        last_id = await self._reader.last_id() if is_back else None
        if last_id is None or id_order(last_id) >= id_order(read_up_to):
            self._went_back_to = None
            return read_up_to
        if last_id != self._went_back_to:
            # Where there is nothing in it, it is read from its beginning with each sync.
            logger.warning(
                "Trade stream has gone back to lower ids; it is read from its beginning, and what was counted is left "
                "out",
                last_id=last_id,
                read_up_to=read_up_to,
            )
        self._went_back_to = last_id
        return NOTHING_READ

    def ask(self) -> list[bytes]:
        """Return what asks whether Redis still holds what is known; nothing where nothing is known."""
        return [] if self._stored is None else self._store.ask_whether(self._stored)

    def take(self, replies: Sequence[Reply]) -> None:
        """Take the replies to that, so that `gather` need not ask; raises ResponseError where Redis has refused."""
        if self._stored is not None and replies:
            self._looked_s = self._clock_s()
            if not self._store.is_told(self._stored, replies):
                self._stored = None

    def written(self, note: Note | None) -> None:
        """Take for granted what has been written down; None: nothing was."""
        stored = self._stored
        if note is None or stored is None:
            return
        self._loss.written(note.kept.sums.observations)
        kept, before = note.kept, stored.kept
        self._repeated.take(kept.duplicates - before.duplicates, kept.numbered - before.numbered)
        text, self._restored, self._has_new_blocks = note.exploration_text, (), False
        # What another program has put above the ids stays there; where it does not, what is there is read again.
        is_own = stored.newest_there == stored.known_ids.newest.encode()
        newest_there = note.trade_ids[-1].encode() if note.trade_ids and is_own else stored.newest_there
        stored.known_ids.add(note.trade_ids)
        exploration, anew = stored.exploration, stored.exploration_anew
        if text != stored.exploration_text:
            exploration, anew = read_exploration(text), text
        self._stored = Stored(
            note.kept,
            stored.known_ids,
            note.kept.read_up_to,
            exploration,
            text,
            anew,
            stored.keys,
            newest_there=newest_there,
        )

    def stand_by(self) -> None:
        """Leave it to whoever leads: to write, and to tell of trades in another unit.

        What happened to trades the next leader may not know of, so that stands for a while.
        """
        self._far.rest()
        self._repeated.rest()
        self._loss.stand_by()
        self._problems.let_end(SET_BACK, within_s=TOLD_FOR_S)

    def forget(self) -> None:
        """Take nothing for granted: another server may have written, or Redis may have lost something."""
        self._stored = None
