"""The sums of the trades of a span of time, from the stream alone: what a memory would hold that has read no other."""

from __future__ import annotations

from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.long_memory.kept_trades import KeptTrades, add_page
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import MAX_REGIMES


async def sums_of_span(
    reader: TradeReader, span: TimeSpan, decay: float, horizon: int, max_regimes: int = MAX_REGIMES
) -> EvidenceSums:
    """Sum the trades of a span that the stream still holds, page by page.

    Args:
        reader: reads the trades, each with the regime observed at its time where it has none of its own.
        span: which trades count.
        decay: weight that an observation keeps when one more of its regime arrives.
        horizon: ids of trades that are remembered, so that a trade that was sent twice counts once.
        max_regimes: regimes that are kept apart; the others are OTHER.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    kept, known_ids = KeptTrades(EvidenceSums(decay), span.id_before), KnownIds(horizon)
    while True:
        page = await reader.read_after(kept.read_up_to, span.largest_id)
        added = await add_page(kept, page.trades, page.read_up_to, known_ids, max_regimes)
        known_ids.add(added.trade_ids)
        kept = added.kept
        if page.is_last:
            return kept.sums
