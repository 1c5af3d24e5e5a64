"""TradeReader: reads the trades that came after a place in the stream, each with its regime.

Unlike the windows this reads every trade once, however far back it has to begin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import redis.asyncio as redis
from redis.exceptions import ResponseError

from strategic_memory_server.inputs import input_keys
from strategic_memory_server.inputs.entries import read_regime_observation, read_trade_result
from strategic_memory_server.inputs.entry_fields import Fields, RejectionError, optional_name
from strategic_memory_server.long_memory.kept_trades import SeenTrade
from strategic_memory_server.memory import UNKNOWN_REGIME
from strategic_memory_server.redis_access.round_trip import Entry, packed, round_trip, stream_entries

PAGE_ENTRIES = 500
"""Most entries read at once."""

OBSERVATIONS_TRIED = 100
"""Most regime observations looked at, newest first, in search of one that can be read."""


@dataclass(frozen=True, slots=True)
class TradePage:
    """Trades of one stretch of the stream, oldest first.

    Attributes:
        trades: the usable ones.
        read_up_to: id of the last entry of the stretch; where it begins when there was none.
        is_last: whether the stretch reaches to the end of what is to be read.
    """

    trades: tuple[SeenTrade, ...]
    read_up_to: str
    is_last: bool


class TradeReader:
    """Reads the trade stream under a key prefix. The client must return bytes.

    Args:
        client: the Redis client.
        prefix: what every key starts with.
    """

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._trades_key = input_keys.key_of(prefix, input_keys.TRADE_RESULTS)
        self._regimes_key = input_keys.key_of(prefix, input_keys.META_REGIME)

    async def read_after(self, entry_id: str, last_id: str = "+") -> TradePage:
        """Read the next page after an entry.

        Args:
            entry_id: its id.
            last_id: largest id to read; "+": to the end of the stream.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        command = packed("XRANGE", self._trades_key, f"({entry_id}", last_id, "COUNT", PAGE_ENTRIES)
        (reply,) = await round_trip(self._client, [command])
        if isinstance(reply, ResponseError):
            # Another type, or not permitted: the loader of the windows reports that, and there is nothing to add.
            return TradePage((), entry_id, is_last=True)
        entries = stream_entries(reply)
        found = [(entry, seen) for entry in entries if (seen := _seen(entry[1])) is not None]
        unplaced = [entry[0] for entry, seen in found if not seen.regime]
        observed = dict(zip(unplaced, await self._regimes_at(unplaced), strict=True))
        trades = [seen if seen.regime else replace(seen, regime=observed[entry[0]]) for entry, seen in found]
        # A page that is not full can still hide entries that were deleted while it was read; the next one tells.
        last = reply[-1][0].decode() if reply else entry_id
        return TradePage(tuple(trades), last, is_last=len(reply) < PAGE_ENTRIES)

    async def last_id(self) -> str | None:
        """Give the last id that the stream has ever held; None where there is no stream, or none that may be asked.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        (reply,) = await round_trip(self._client, [packed("XINFO", "STREAM", self._trades_key)])
        if isinstance(reply, Exception):
            return None
        found: bytes = dict(zip(reply[::2], reply[1::2], strict=True))[b"last-generated-id"]
        return found.decode()

    async def _regimes_at(self, entry_ids: Sequence[bytes]) -> list[str]:
        """Give the regime that the regime stream showed at each of these ids; "UNKNOWN" where it showed none."""
        if not entry_ids:
            return []
        commands = [
            packed("XREVRANGE", self._regimes_key, entry_id.decode(), "-", "COUNT", 1) for entry_id in entry_ids
        ]
        replies = await round_trip(self._client, commands)
        regimes = []
        for entry_id, reply in zip(entry_ids, replies, strict=True):
            regime = _first_regime(reply)
            if regime is None and reply and not isinstance(reply, Exception):
                # The newest observation by then is malformed; the one before it counts.
                regime = await self._regime_before(entry_id)
            regimes.append(regime or UNKNOWN_REGIME)
        return regimes

    async def _regime_before(self, entry_id: bytes) -> str | None:
        command = packed("XREVRANGE", self._regimes_key, entry_id.decode(), "-", "COUNT", OBSERVATIONS_TRIED)
        (reply,) = await round_trip(self._client, [command])
        return _first_regime(reply)


def _seen(fields: Fields) -> SeenTrade | None:
    """Read a trade; None where it is malformed, which the windows count and report."""
    try:
        trade = read_trade_result(fields)
    except RejectionError:
        return None
    return SeenTrade(_trade_id(fields), trade.regime, trade.policy, trade.pnl)


def _trade_id(fields: Fields) -> str:
    """Read the id that the producer gave; one that is no name tells nothing apart."""
    try:
        return optional_name(fields, "trade_id")
    except RejectionError:
        return ""


def _first_regime(reply: object) -> str | None:
    """Give the regime of the first observation that can be read; None without one."""
    if isinstance(reply, Exception):
        return None
    entries: list[Entry] = stream_entries(reply)
    for _, fields in entries:
        try:
            return read_regime_observation(fields).regime
        except RejectionError:
            continue
    return None
