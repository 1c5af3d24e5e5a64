"""CapWatch on a real Redis: what it has read holds while Redis is away."""

from __future__ import annotations

import redis
import redis.asyncio

from strategic_memory_server.inputs.leverage_caps import HeldCaps
from strategic_memory_server.memory.leverage_cap import LeverageCap, LeverageCaps
from strategic_memory_server.redis_access.shared_trips import way_to
from strategic_memory_server.sync.cap_watch import CapWatch

LIMITS = "risk:leverage_limits"


async def test_caps_are_read_as_their_keys_hold_them(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    heeded: list[tuple[LeverageCaps, float, bool]] = []
    watch = CapWatch(
        way_to(async_client, None),
        "quantum",
        HeldCaps(lambda: 7),
        lambda: 1.0,
        lambda *told: heeded.append(told),
    )
    for written, value in (('{"max_leverage_hint": 0.3}', 0.3), ("junk", None), ('{"max_leverage_hint": "0.2"}', 0.2)):
        redis_client.set(f"quantum:{LIMITS}", written)
        await watch.look(0.5)
        assert heeded.pop() == (() if value is None else (LeverageCap(LIMITS, value, 7),), 0.5, False)
    redis_client.delete(f"quantum:{LIMITS}")
    await watch.look(0.0)
    assert heeded.pop() == ((), 0.0, False)


async def test_nothing_is_told_while_redis_is_away() -> None:
    async def away(_commands: object) -> list[object]:
        raise redis.ConnectionError

    heeded: list[object] = []
    await CapWatch(away, "quantum", HeldCaps(lambda: 7), lambda: 1.0, lambda *told: heeded.append(told)).look(0.0)
    assert heeded == []
