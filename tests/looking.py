"""Looks at what is read while nothing else is to be done, one round trip each."""

from __future__ import annotations

import time

import redis.asyncio

from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.revisions.interventions import Interventions


async def caps_have_changed(loader: MemoryLoader, client: redis.asyncio.Redis, *, alone: bool = False) -> bool:
    """Look at the caps, alone or with all other values."""
    asked_s = time.monotonic()
    return loader.caps_have_changed(await round_trip(client, loader.ask_caps(alone=alone)), asked_s)


async def has_changed(interventions: Interventions, client: redis.asyncio.Redis) -> bool:
    """Look at what operators say."""
    return interventions.take(await round_trip(client, interventions.ask()))
