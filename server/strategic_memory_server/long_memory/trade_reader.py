"""TradeReader: reads the trades that came after a place in the stream, each with its regime.

Unlike the windows this reads every trade once, however far back it has to begin.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import Self

import numpy as np
import redis.asyncio as redis
from redis.exceptions import ResponseError

from strategic_memory_server.columns.columns import IndexColumn, PositionColumn
from strategic_memory_server.columns.stream_position import LAST_ID, position_column
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.entries import RegimeObservation, read_regime_observation
from strategic_memory_server.entries.rejections import refusal
from strategic_memory_server.entries.trade_ids import TRADE_ID
from strategic_memory_server.inputs.older_observations import older_observations
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.read_outcome import NewTrades
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.whole_pages import observations_of_page
from strategic_memory_server.long_memory.kept_trades import SeenTrades
from strategic_memory_server.long_memory.trade_columns import identified_trades
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip, stream_entries
from strategic_memory_server.windows.asof_join import Observed
from strategic_memory_server.windows.column_buffer import Columns, joined_columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.opening_columns import opening_positions
from strategic_memory_server.windows.rolling_regimes import observation_columns

PAGE_ENTRIES = 2_500
"""Most entries read by one command: Redis takes two milliseconds for as many, and some more to keep their ids."""

AT_ONCE = 500
"""Entries made into columns before other tasks have their turn."""


@dataclass(frozen=True, slots=True)
class TradePage:
    """Trades of one stretch of the stream.

    Attributes:
        trades: the usable ones.
        first: id of the first entry of the stretch; where it begins when there was none.
        read_up_to: id of the last entry of the stretch; where it begins when there was none.
        is_last: whether the stretch reaches to the end of what is to be read.
    """

    trades: SeenTrades
    first: str
    read_up_to: str
    is_last: bool

    @classmethod
    def of(cls, new: NewTrades) -> Self:
        """Take trades that were read for their window."""
        columns, page = new.trades.columns, new.entries.page
        trades = SeenTrades.of(columns, new.trades.regime_names, columns["regime"])
        return cls(trades, page[0][0].decode(), page[-1][0].decode(), is_last=new.entries.is_all)


class TradeReader:
    """Reads the trade stream under a key prefix. The client must return bytes.

    Args:
        client: the Redis client.
        prefix: what every key starts with.
    """

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._pace = ReadingPace()
        self._limits = ReadingLimits()
        self._prefix = prefix
        self._trades_key = input_keys.key_of(prefix, input_keys.TRADE_RESULTS)

    async def read_after(self, entry_id: str, last_id: str = "+") -> TradePage:
        """Read the next page after an entry.

        Args:
            entry_id: its id.
            last_id: largest id to read; "+": to the end of the stream.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason that no
                producer has caused.
        """
        is_at_end = entry_id.encode() == LAST_ID
        reply, is_last = ([], True) if is_at_end else await self._page("XRANGE", f"({entry_id}", last_id)
        first, last = (reply[0][0].decode(), reply[-1][0].decode()) if reply else (entry_id, entry_id)
        names = NameTable()
        columns = await _columns(reply, names)
        regimes = await self._regimes(columns, names)
        trades = SeenTrades.of(columns, names.names, regimes)
        return TradePage(trades, first, last, is_last=is_last)

    async def ids_until(self, entry_id: str, count: int) -> list[str]:
        """Return the newest ids of trades in the stream up to an entry, oldest first; each once.

        Args:
            entry_id: id of the last entry to look at.
            count: most ids.

        Raises:
            redis.exceptions.RedisError, OSError: as for `read_after`.
        """
        found: dict[str, None] = {}
        newest = entry_id
        while len(found) < count:
            reply, is_last = await self._page("XREVRANGE", newest, "-", is_alive=True)
            columns = await _columns(reply[::-1], NameTable())
            for trade_id in reversed(columns[TRADE_ID].tolist()):
                if trade_id:
                    found.setdefault(trade_id)
            if is_last:
                break
            newest = f"({reply[-1][0].decode()}"
        return list(found)[:count][::-1]

    async def _page(self, command: str, first: str, last: str, *, is_alive: bool = False) -> tuple[Reply, bool]:
        """Read as many entries as arrive in time, and tell whether these are all; none where it is refused."""
        asked = 0

        def ask() -> list[bytes]:
            nonlocal asked
            asked = self._pace.entries(PAGE_ENTRIES)
            return [packed(command, self._trades_key, first, last, "COUNT", asked)]

        (reply,) = await self._pace.read(self._client, ask, is_alive=is_alive)
        if isinstance(reply, Exception):
            # Another type, or not permitted: the loader of the windows reports that, and there is nothing to add.
            refusal(input_keys.TRADE_RESULTS, reply)
            return [], True
        return reply, len(reply) < asked

    async def last_id(self) -> str | None:
        """Return the last id that the stream has ever held; None where there is no stream, or none that may be asked.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        (reply,) = await round_trip(self._client, [packed("XINFO", "STREAM", self._trades_key)])
        if isinstance(reply, Exception):
            return None
        found: bytes = dict(zip(reply[::2], reply[1::2], strict=True))[b"last-generated-id"]
        return found.decode()

    async def _regimes(self, columns: Columns, names: NameTable) -> IndexColumn:
        """Return the regime of each trade that counts: its own, or what the regime stream showed at its opening."""
        regimes: IndexColumn = columns["regime"]
        missing = np.flatnonzero((regimes < 0) & (columns["policy"] >= 0))
        if not missing.size:
            return regimes
        asked = opening_positions(columns)[missing]
        observed = await self._observed(np.sort(asked, kind="stable"), names)
        given = regimes.copy()
        given[missing] = observed.as_of(asked)[0]
        return given

    async def _observed(self, positions: PositionColumn, names: NameTable) -> Observed:
        """Find the observations for some positions, ascending; none where the regime stream cannot be read."""
        reader: PageReader[RegimeObservation] = PageReader(
            input_keys.META_REGIME,
            read_regime_observation,
            functools.partial(observation_columns, names=names),
            functools.partial(observations_of_page, names=names),
        )
        nowhere, nothing = position_column([]), np.empty(0, dtype=np.int64)
        unknown = names.index(UNKNOWN_REGIME)
        try:
            lookup = await older_observations(self._client, self._prefix, positions, reader, self._limits)
        except ResponseError as error:
            refusal(input_keys.META_REGIME, error)
            return Observed(nowhere, nothing, nowhere, nothing, unknown)
        return Observed(nowhere, nothing, *lookup.found(), unknown)


async def _columns(reply: Reply, names: NameTable) -> Columns:
    """Read the usable ones of some entries, as columns."""
    reader = identified_trades(names)
    parts = [reader.read(stream_entries(reply[:AT_ONCE])).columns]
    for start in range(AT_ONCE, len(reply), AT_ONCE):
        await asyncio.sleep(0)
        parts.append(reader.read(stream_entries(reply[start : start + AT_ONCE])).columns)
    return joined_columns(parts)
