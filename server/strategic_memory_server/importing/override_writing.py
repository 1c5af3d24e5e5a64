"""Brings back what operators have said, as far as it has not ended: a memory that moves must not lift an override."""

from __future__ import annotations

from dataclasses import replace

import redis.asyncio as redis

from strategic_memory_server.importing.guard_writing import Stands
from strategic_memory_server.revisions.intervention_text import intervention_of_text
from strategic_memory_server.revisions.said_log import AuditEntry, ConflictError, SaidLog


async def write_override(
    client: redis.Redis, prefix: str, exported: bytes | None, now_ms: int, *, dry_run: bool
) -> Stands | None:
    """Write it where nothing holds yet, and tell what did; None where there is nothing to write.

    Args:
        client: how Redis is reached.
        prefix: what the keys start with.
        exported: what the export has of it; None: nothing.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
        dry_run: whether to write nothing.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    said = intervention_of_text(exported or b"")
    if said is None or (left := said.at(now_ms)).ends_ms is None:
        return None
    log = SaidLog(client, prefix)
    there = await log.newest()
    if (holds := there.at(now_ms)).ends_ms is not None:
        # The same where it was brought back before, as where the answer to that was lost.
        return Stands.THE_SAME if replace(holds, number=left.number) == left else Stands.ANOTHER
    if not dry_run:
        reason = next(part.reason for part in (left.override, left.freeze) if part is not None)
        try:
            await log.write(replace(left, number=there.number + 1), AuditEntry("import", "import", reason))
        except ConflictError:
            return Stands.ANOTHER
    return Stands.NOTHING
