"""Whether the long memory has counted every trade that was ever written, and each of them once."""

from __future__ import annotations

import json
import time
from typing import Any

from redis import Redis

from strategic_memory_server.evidence.plain_sums import from_plain

_POLL_S = 0.05


def still_miscounted_trades(client: Redis, prefix: str, within_s: float) -> str:
    """Wait until `miscounted_trades` has nothing to say, and give what it says at the end.

    An entry whose answer was lost, or had not come when its producer ended, may be written after the last one that is
    known to be: it counts with the sync after it. A trade that was passed over never counts, and one that counted
    twice always does, so that waiting hides neither.
    """
    until_s = time.monotonic() + within_s
    while (miscounted := miscounted_trades(client, prefix)) and time.monotonic() < until_s:
        time.sleep(_POLL_S)
    return miscounted


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
