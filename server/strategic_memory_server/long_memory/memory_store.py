"""MemoryStore: reads the long memory from Redis."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import redis.asyncio as redis
import structlog

from strategic_memory_server.columns.stream_position import id_order
from strategic_memory_server.entries.counted_ids import CountedIds
from strategic_memory_server.evidence.exploration import Exploration
from strategic_memory_server.evidence.plain_blocks import with_blocks
from strategic_memory_server.evidence.plain_sums import from_plain
from strategic_memory_server.evidence.regimes_apart import kept_apart
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed
from strategic_memory_server.long_memory.exploration_document import exploration_text, read_exploration
from strategic_memory_server.long_memory.kept_trades import NOTHING_READ, KeptTrades
from strategic_memory_server.long_memory.known_ids import KnownIds, oldest_first
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_note import BLOCKS, COUNTED_IDS
from strategic_memory_server.long_memory.stored import Stored
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.round_trip import Reply, checked, packed, round_trip

LARGE_BYTES = 256 * 1024
"""A larger memory is not read on the event loop: one that knows too many regimes, from before they were bounded."""

IDS_AT_ONCE = 10_000
"""Most ids read by one command."""

MOST_NUMBERED = 1 << 52
"""Numbers of ids above it are none of this service: a sorted set counts no further than twice that exactly."""

_OTHER_DECAY = "The long memory has another decay; it is kept, and one of this decay is built beside it"

_ID = re.compile(rb"[0-9]+-[0-9]+")
_COUNT = re.compile(rb"[0-9]{1,16}")

logger = structlog.get_logger(__name__)


def _id_or_nowhere(stands_at: bytes | None) -> str:
    """Return where a memory stands, as the scripts see it: what is no id is nowhere."""
    return stands_at.decode() if stands_at and _ID.fullmatch(stands_at) else NOTHING_READ


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a memory lies and stands, what it holds if that can be read, or why not, and what is tried, as text."""

    keys: MemoryKeys
    read_up_to: str
    kept: KeptTrades | None
    unreadable: str
    exploration_text: bytes


class MemoryStore:
    """Reads the long memory under a key prefix.

    Args:
        client: the Redis client; it must return bytes.
        prefix: what every key starts with.
        decay: how the sums decay; sums that decay otherwise are left as they are, and these are kept beside them.
        horizon: ids of trades that are remembered.
        max_regimes: regimes that are kept apart; a memory with more is brought down to them when it is read.
        change: whether blocks are kept beside the sums, in which change is looked for; of a memory that has none, each
            regime begins with one that is made of its sums.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        decay: float,
        horizon: int,
        max_regimes: int = MAX_REGIMES,
        *,
        change: bool = False,
    ) -> None:
        self.change = change
        self._client = client
        self._places = MemoryKeys.under(prefix), MemoryKeys.beside(prefix, decay)
        self._ask_fields = [
            packed("HMGET", keys.evidence, "read_up_to", "sums", "duplicates", "numbered", "trials", "exploration")
            for keys in self._places
        ]
        self._pace = ReadingPace()
        self._decay = decay
        self._horizon = horizon
        self._max_regimes = max_regimes
        self._other_decay_told = False

    async def read(self) -> Stored:
        """Read what there is, to go on from it.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        found = await self._found()
        keys, kept, exploration = found.keys, found.kept, await _tried(found.exploration_text)
        if found.unreadable:
            logger.warning("Long memory cannot be read; it is built anew from the trade stream", error=found.unreadable)
        known = await self._known_ids(keys)
        newest_there = known[0] if known else b""
        at_least, ids_lost = 0, False
        if kept is None:
            at_least = await self._numbered(keys, len(known)) if known else 0
            kept, known = KeptTrades(nothing_summed(self._decay, change=self.change)), []
        elif known and not kept.numbered:
            # Somebody has changed the number. Ids that begin again with 1 would take the place of those that are known.
            kept = replace(kept, numbered=await self._numbered(keys, len(known)))
        elif self._horizon and kept.numbered:
            above, newest = await self._above(keys, kept.numbered, len(known))
            known, ids_lost = known[above:], newest < kept.numbered
        return Stored(
            kept,
            KnownIds(self._horizon, oldest_first(known)),
            found.read_up_to,
            exploration,
            found.exploration_text,
            exploration_text(exploration),
            keys,
            ids_lost=ids_lost,
            newest_there=newest_there,
            at_least=at_least,
        )

    async def is_there(self, stored: Stored) -> bool:
        """Tell whether what was read, or written since, is what Redis holds.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        return self.is_told(stored, await round_trip(self._client, self.ask_whether(stored)))

    def ask_whether(self, stored: Stored) -> list[bytes]:
        """Return what asks for that."""
        keys = stored.keys or self._places[0]
        return [packed("HGET", keys.evidence, "read_up_to"), packed("ZREVRANGE", keys.trade_ids, 0, 0)]

    def is_told(self, stored: Stored, replies: Sequence[Reply]) -> bool:
        """Read the replies to it; raises ResponseError where Redis has refused."""
        keys = stored.keys or self._places[0]
        read_up_to, ids = replies
        stands_at: bytes | None = checked(read_up_to, keys.evidence, "hash")
        there: list[bytes] = checked(ids, keys.trade_ids, "sorted set")
        is_newest = not self._horizon or next(iter(there), b"") == stored.newest_there
        return _id_or_nowhere(stands_at) == stored.stands_at and is_newest

    async def _numbered(self, keys: MemoryKeys, ids: int) -> int:
        """Return how many trades with an id were counted, as the number of the middle one of the ids says.

        Ids have consecutive numbers. Another program may have put some at either end.
        """
        newer = ids // 2
        number = await self._number_at(keys, newer)
        return int(number) + newer if 0 <= number <= MOST_NUMBERED else 0

    async def _above(self, keys: MemoryKeys, numbered: int, ids: int) -> tuple[int, float]:
        """Return how many of the newest ids have higher numbers than a memory has given, and the highest other number.

        Where it was set back alone, their trades are not in it. Where the ids were, that other number is too low.
        """
        low, high, rank, newest = 0, ids, 0, 0.0
        while low < high:
            number = await self._number_at(keys, rank)
            if number > numbered:
                low = rank + 1
            else:
                high, newest = rank, number
            rank = (low + high) // 2
        return low, newest

    async def _number_at(self, keys: MemoryKeys, rank: int) -> float:
        """Return the number of the id at a rank, the newest one first; 0: there is none."""
        (reply,) = await round_trip(self._client, [packed("ZREVRANGE", keys.trade_ids, rank, rank, "WITHSCORES")])
        scored = checked(reply, keys.trade_ids, "sorted set")
        return float(scored[1]) if scored else 0.0

    async def look(self) -> tuple[EvidenceSums, Exploration]:
        """Read the sums and what is being tried, and none of the many ids of trades that going on takes.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        found = await self._found()
        sums = found.kept.sums if found.kept else nothing_summed(self._decay, change=self.change)
        return sums, await _tried(found.exploration_text)

    async def lent(self) -> EvidenceSums:
        """Read the sums as another portfolio does; raises as `look`, and ValueError: they cannot be read."""
        found = await self._found()
        if found.unreadable:
            raise ValueError(found.unreadable)
        return found.kept.sums if found.kept else nothing_summed(self._decay, change=self.change)

    async def _known_ids(self, keys: MemoryKeys) -> list[bytes]:
        """Read the ids, newest first."""
        ids: list[bytes] = []
        wanted = max(self._horizon, 1)
        while len(ids) < wanted:
            page = await self._ids_after(keys, len(ids), wanted)
            ids.extend(page)
            if not page:
                break
        return ids if self._horizon else []

    async def _ids_after(self, keys: MemoryKeys, first: int, wanted: int) -> list[bytes]:
        """Read ids from a rank on, newest first; a memory that moves meanwhile is found out when it is written."""

        def ask() -> list[bytes]:
            last = min(first + self._pace.entries(IDS_AT_ONCE), wanted) - 1
            return [packed("ZREVRANGE", keys.trade_ids, first, last)]

        (ids,) = await self._pace.read(self._client, ask, is_alive=True)
        found: list[bytes] = checked(ids, keys.trade_ids, "sorted set")
        return found

    async def _found(self) -> _Found:
        """Find the memory of this decay: the first one stays where it is, any other is kept beside it."""
        first, beside = await round_trip(self._client, self._ask_fields)
        first_keys, beside_keys = self._places
        checked(first, first_keys.evidence, "hash")
        if checked(beside, beside_keys.evidence, "hash")[0] is not None:
            return await self._understood(beside_keys, beside)
        found = await self._understood(first_keys, first)
        if found.kept is None or found.kept.sums.decay == self._decay:
            return found
        if not self._other_decay_told:
            self._other_decay_told = True
            decays = {"kept": found.kept.sums.decay, "configured": self._decay}
            logger.info(_OTHER_DECAY, **decays, key=beside_keys.evidence)
        return await self._understood(beside_keys, beside)

    async def _understood(self, keys: MemoryKeys, fields: list[bytes | None]) -> _Found:
        read_up_to = _id_or_nowhere(fields[0])
        *sums, document, trials_alone = fields[1:]
        text = document or trials_alone or b""
        is_large = sum(len(field or b"") for field in fields) > LARGE_BYTES
        kept, unreadable = None, ""
        try:
            kept = await asyncio.to_thread(self._kept, read_up_to, *sums) if is_large else self._kept(read_up_to, *sums)
        except (ValueError, RecursionError) as error:
            unreadable = str(error)
        return _Found(keys, read_up_to, kept, unreadable, text)

    def _kept(
        self, read_up_to: str, sums: bytes | None, duplicates: bytes | None, numbered: bytes | None
    ) -> KeptTrades | None:
        """Make out what is kept; None: nothing. Raises ValueError, RecursionError: it cannot be read."""
        if sums is None:
            return None
        id_order(read_up_to)
        plain = json.loads(sums)
        sums_alone, without = from_plain(plain), 0
        if self.change:
            sums_alone, without = with_blocks(sums_alone, plain.get(BLOCKS))
        found = kept_apart(sums_alone, self._max_regimes)
        counted = plain.get(COUNTED_IDS)
        if counted is None and read_up_to == NOTHING_READ:
            raise ValueError("it does not say which trades are in it")
        # An older version did not write them down.
        counted_ids = CountedIds.up_to(read_up_to) if counted is None else CountedIds.from_plain(counted)
        return KeptTrades(found, read_up_to, _count(duplicates), _count(numbered), counted_ids, without)


async def _tried(text: bytes) -> Exploration:
    """Read what is being tried; what cannot be read is logged, so whoever has no use for it does not ask."""
    return await asyncio.to_thread(read_exploration, text) if len(text) > LARGE_BYTES else read_exploration(text)


def _count(written: bytes | None) -> int:
    """Read a number of trades; 0 where there is none, or what this service cannot have written."""
    number = int(written) if written and _COUNT.fullmatch(written) else 0
    return number if number <= MOST_NUMBERED else 0
