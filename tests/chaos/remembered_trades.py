"""Whether the long memory has counted every trade that was ever written, and each of them once."""

from __future__ import annotations

import json
from typing import Any

from redis import Redis

from strategic_memory_server.evidence.plain_sums import from_plain


def miscounted_trades(client: Redis, prefix: str) -> str:
    """Say by how much the long memory is wrong; "" when it is right, or when Redis does not tell (before 7.0).

    Every trade has to be usable and to name a policy, and the newest one has to have been taken into account.
    """
    stream = f"{prefix}:stream:trade.results"
    written: Any = client.xinfo_stream(stream).get("entries-added") if client.exists(stream) else 0
    if written is None:
        return ""
    sums, duplicates = client.hmget(f"{prefix}:feedback:strategic_memory:evidence", "sums", "duplicates")
    counted = (from_plain(json.loads(sums)).observations if sums else 0) + int(duplicates or 0)
    return "" if counted == written else f"{written} trades were written, and the long memory has counted {counted}"
