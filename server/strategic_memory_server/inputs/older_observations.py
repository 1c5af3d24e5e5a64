"""Reading the observations that entries without a regime of their own take theirs from."""

from __future__ import annotations

import redis.asyncio as redis

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entries import RegimeObservation
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.reading_limits import ReadingLimits


async def older_observations(
    client: redis.Redis,
    prefix: str,
    positions: PositionColumn,
    reader: PageReader[RegimeObservation],
    limits: ReadingLimits,
) -> ObservationLookup:
    """Find the observations for entries at some positions, ascending.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    lookup = ObservationLookup(keys.key_of(prefix, keys.META_REGIME), positions, reader, limits)
    is_alive = False
    while lookup.commands():
        lookup.feed(await limits.pace.read(client, lookup.commands, is_alive=is_alive))
        is_alive = True
    return lookup
