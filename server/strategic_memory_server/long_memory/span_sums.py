"""The sums of the trades of a span of time, from the stream alone: what a memory would hold that has read no other."""

from __future__ import annotations

from collections.abc import AsyncIterator

from strategic_memory_server.columns.stream_position import id_of_position, position_column
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed
from strategic_memory_server.inputs.memory_windows import HeldTrades
from strategic_memory_server.long_memory.kept_trades import NOTHING_READ, KeptTrades, SeenTrades, add_page
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.trade_reader import PAGE_ENTRIES, TradeReader
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import MAX_REGIMES


async def sums_of_span(
    reader: TradeReader,
    span: TimeSpan,
    decay: float,
    horizon: int,
    max_regimes: int = MAX_REGIMES,
    newest: HeldTrades | None = None,
    *,
    change: bool = False,
) -> EvidenceSums:
    """Sum the trades of a span that the stream still holds, page by page.

    Args:
        reader: reads the trades, each with the regime observed at its opening where it has none of its own.
        span: which trades count.
        decay: weight that an observation keeps when one more of its regime arrives.
        horizon: ids of trades that are remembered, so that a trade that was sent twice counts once.
        max_regimes: regimes that are kept apart; the others are OTHER.
        newest: the newest trades of the span, where they have been read: those before them alone are read then.
        change: whether blocks are kept beside the sums.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    kept, known_ids = KeptTrades(nothing_summed(decay, change=change)), KnownIds(horizon)
    async for trades in _parts(reader, span, newest):
        added = await add_page(kept, trades, NOTHING_READ, known_ids, max_regimes)
        known_ids.add(added.trade_ids)
        kept = added.kept
    return kept.sums


async def _parts(reader: TradeReader, span: TimeSpan, newest: HeldTrades | None) -> AsyncIterator[SeenTrades]:
    """Yield the trades, oldest first, some at a time."""
    columns = newest.columns if newest else {}
    positions = columns.get("position", position_column([]))
    start, last_id, is_last = span.id_before, span.largest_id, False
    if positions.size:
        last_id = "({}-{}".format(*id_of_position(bytes(positions[0])))
    while not is_last:
        page = await reader.read_after(start, last_id)
        start, is_last = page.read_up_to, page.is_last
        yield page.trades
    for place in range(0, positions.size, PAGE_ENTRIES):
        part = {name: column[place : place + PAGE_ENTRIES] for name, column in columns.items()}
        yield SeenTrades.of(part, newest.regime_names if newest else (), part["regime"])
