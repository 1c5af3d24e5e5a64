"""Lease: the right to write to the log, which one server holds at a time and which ends by itself.

What protects the log is not the lease but the claim: the scripts that write compare it with what Redis holds, in the
same atomic step. A server that was paused or cut off and believes to lead still cannot write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import redis.asyncio as redis

from strategic_memory_server.redis_access.shared_trips import SharedTrips
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import register_script

_TOKEN = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Claim:
    """Proof of holding the lease.

    Attributes:
        value: "<fencing token> <holder>", as Redis holds it.
        run_id: id of the Redis process that granted or renewed it; empty: it may not be known.
        counter_was_lost: whether the counter of fencing tokens was gone when the token was minted.
        stands_back: a server that stands back since its settings differ, and these, as a renewal has found them.
    """

    value: str
    run_id: str = ""
    counter_was_lost: bool = field(default=False, compare=False)
    stands_back: str = field(default="", compare=False)

    @property
    def fencing_token(self) -> int:
        """Grows whenever the lease changes hands; 0 in a claim that somebody has written by hand."""
        token = self.value.partition(" ")[0]
        return int(token) if _TOKEN.fullmatch(token) else 0

    @property
    def holder(self) -> str:
        """Name of the server that holds it."""
        return self.value.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else holds the lease: who, and for how many milliseconds unless it is renewed."""

    claim: Claim
    left_ms: int


class Lease:
    """Asks for the lease on behalf of one server.

    Args:
        client: the Redis client.
        prefix: what every key starts with.
        holder: name of this server; no other process has the same.
        length_ms: how long the lease lasts unless it is renewed, milliseconds.
        trips: ask for it together with others for theirs; None: it is asked for at once.
    """

    def __init__(
        self, client: redis.Redis, prefix: str, holder: str, length_ms: int, trips: SharedTrips | None = None
    ) -> None:
        self.length_ms = length_ms
        self.holder = holder
        self._keys = LogKeys.under(prefix)
        self._take = register_script(client, "lease", trips)
        self._release = register_script(client, "release")

    async def take(
        self, known_token: int = 0, held: Claim | None = None, lost: Sequence[str] = (), settings: str = ""
    ) -> Claim | Taken:
        """Take the lease if it is free, renew the one that is held, or tell who holds it.

        What is left of a lease that another holds is cut down to its length, where it is more or has no end.

        Args:
            known_token: highest fencing token that the caller knows of; a new one is above it.
            held: what this server leads under. A lease of ours that we do not know of is not renewed: a server that
                no answer reaches must not keep it from the others.
            lost: values of claims that this server has held and lost, or has not known of in time. They do not keep it
                from leading.
            settings: of this server, for the log and for who stands by, where the lease is renewed; empty: not told.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        keys = self._keys
        outcome, value, run_id, detail, *rest = await self._take(
            keys=keys.of("lease", "fencing_token", "state", "other_settings"),
            args={
                "holder": self.holder,
                "length_ms": self.length_ms,
                "known_token": known_token,
                "claim": held.value if held else "",
                "settings": settings,
            },
            rest=lost,
        )
        if outcome == b"held":
            return Claim(value.decode(), run_id.decode(), bool(detail), rest[0].decode(errors="replace"))
        return Taken(Claim(value.decode(errors="replace"), run_id.decode()), int(detail))

    async def release(self, claim: Claim) -> None:
        """Give the lease up, so that another server need not wait for its end."""
        await self._release(keys=self._keys.of("lease"), args={"claim": claim.value})
