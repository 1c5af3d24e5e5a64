"""Reading observations from before a regime window, for entries that take their regime from them."""

from __future__ import annotations

import redis.asyncio as redis

from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.inputs.entries import RegimeObservation
from strategic_memory_server.inputs.observation_lookup import ObservationLookup
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.window_scan import PageReader
from strategic_memory_server.redis_access.round_trip import packed, round_trip, stream_entries


async def older_observations(
    client: redis.Redis,
    prefix: str,
    positions: IndexColumn,
    reader: PageReader[RegimeObservation],
    limits: ReadingLimits,
) -> ObservationLookup:
    """Find the observations for entries at some positions, ascending.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    lookup = ObservationLookup(positions, reader, limits)
    key = keys.key_of(prefix, keys.META_REGIME)
    while upper := lookup.upper:
        command = packed("XREVRANGE", key, upper, "-", "COUNT", limits.page_entries)
        (reply,) = await round_trip(client, [command])
        if isinstance(reply, Exception):
            raise reply
        lookup.feed(stream_entries(reply))
    return lookup
