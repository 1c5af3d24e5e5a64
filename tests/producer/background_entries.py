"""What tests of the background writer find in Redis."""

from __future__ import annotations

from typing import Any

import redis

TRADES = "quantum:stream:trade.results"


def trade_ids(client: redis.Redis) -> list[str]:
    found: Any = client.xrange(TRADES)
    return [fields[b"trade_id"].decode() for _, fields in found]
