"""Interventions: follows what operators say about the advice, on behalf of the server that leads.

It stands in a stream of its own in Redis, whose entries are numbered, and the newest of them is what holds. Whoever
leads writes it down in the state of the log too, together with what comes of it. So the stream may be deleted, evicted
or become unreadable: what an operator has asked for is lifted by an operator or by its end, and by nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import redis.asyncio as redis
import structlog

from strategic_memory_server.advice.intervention import ENDS_EARLY_MS, NO_INTERVENTION, Intervention
from strategic_memory_server.entries.rejections import refusal
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.round_trip import Reply, packed, round_trip, stream_entries
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.said_log import said_in

UNREADABLE, LOST = "override_unreadable", "override_lost"

FRESH_S = 1.5
"""What was read so lately is taken for what holds; while the service waits it looks more often, seconds."""

logger = structlog.get_logger(__name__)


class Interventions:
    """What operators have said, as last read. Synchronous but for `read` and `fresh`.

    Args:
        client: how Redis is reached.
        prefix: what every key starts with.
        problems: is told of what cannot be read, or is gone while it holds.
        clock_ms: the time now, milliseconds since 1970-01-01 UTC.
        elapsed_s: a clock that nobody sets, seconds.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        problems: Problems,
        clock_ms: Callable[[], int],
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = LogKeys.under(prefix).interventions
        """The stream."""
        self._client = client
        self._problems = problems
        self._clock_ms = clock_ms
        self._elapsed_s = elapsed_s
        self._known = NO_INTERVENTION
        self._known_since_ms = 0
        self._asked_s = 0.0
        self._read_at_s: float | None = None
        self._newest_id: str | None = None

    @property
    def heads(self) -> Mapping[str, str]:
        """Id of the newest entry that was read, by key, to wait for what comes after it; none: it cannot be read."""
        return {self.key: self._newest_id} if self._newest_id else {}

    @property
    def known(self) -> Intervention:
        """What operators have said, as last read or learnt."""
        return self._known

    def ends_in_s(self) -> float | None:
        """Return in how many seconds a part of it is to be lifted; None: there is none to lift."""
        now_ms = self._clock_ms() + ENDS_EARLY_MS
        ends_ms = self._known.at(now_ms).ends_ms
        return None if ends_ms is None else (ends_ms - now_ms) / 1000

    def learn(self, intervention: Intervention | None) -> None:
        """Take over what another server has acted upon; None: it is not known."""
        if intervention is not None and intervention.number > self._known.number:
            self._take(intervention)

    def expire(self) -> None:
        """Take what was read for out of date."""
        self._read_at_s = None

    async def fresh(self) -> Intervention:
        """Return what operators have said, read just now or a moment ago.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        if self._read_at_s is None or self._elapsed_s() - self._read_at_s > FRESH_S:
            await self.read()
        return self._known

    async def read(self) -> None:
        """Read the newest entry; errors as for `fresh`."""
        self.take(await round_trip(self._client, self.ask()))

    def ask(self) -> list[bytes]:
        """Return what reads the newest entry."""
        self._asked_s = self._elapsed_s()
        return [packed("XREVRANGE", self.key, "+", "-", "COUNT", 1)]

    def take(self, replies: Sequence[Reply]) -> bool:
        """Take the replies to what was asked last; True: operators have said something else.

        Raises:
            redis.exceptions.RedisError: Redis has refused for a reason of its own; nothing is taken.
        """
        before = self._known
        self._newest_id, found, unreadable = _read(self.key, replies[0])
        self._read_at_s = self._asked_s
        # Redis can have lost the numbers, and then what is said is counted from below again.
        if found is not None and found != self._known and (found.number >= self._known.number or self._is_new(found)):
            self._take(found)
        self._report(found, unreadable)
        return self._known != before

    def _is_new(self, found: Intervention) -> bool:
        parts = (found.override, found.freeze)
        return any(part is not None and part.set_at_ms > self._known_since_ms for part in parts)

    def _take(self, intervention: Intervention) -> None:
        self._known, self._known_since_ms = intervention, self._clock_ms()
        logger.info(
            "What operators say has changed",
            number=intervention.number,
            override=_told(intervention.override),
            freeze=_told(intervention.freeze),
        )

    def _report(self, found: Intervention | None, unreadable: str) -> None:
        standing = self._known.at(self._clock_ms())
        if unreadable:
            # Whoever has just started knows of none where the state of the log is of a later version, too.
            comes_of_it = "none is in force" if standing.ends_ms is None else "what was last known of overrides holds"
            self._problems.state(
                UNREADABLE,
                f"{self.key} cannot be read ({unreadable}), so {comes_of_it}: find out who writes there, another "
                "program or a later version of this one, and say it again with strategic-memory admin",
            )
        else:
            self._problems.withdraw(UNREADABLE)
        is_lost = not unreadable and (found is None or found.number < self._known.number)
        if is_lost and standing.ends_ms is not None:
            self._problems.state(
                LOST,
                f"Redis has lost entry {standing.number} of {self.key}: what it says holds all the same until its end; "
                "strategic-memory admin clear lifts it",
            )
        else:
            self._problems.withdraw(LOST)


def _told(part: object) -> str | None:
    return None if part is None else repr(part)


def _read(key: str, reply: Reply) -> tuple[str | None, Intervention | None, str]:
    """Return the id to read on from, what the newest entry says, and why it cannot be read."""
    if isinstance(reply, Exception):
        return None, None, refusal(key, reply).excerpt[:200]
    entries = stream_entries(reply)
    if not entries:
        return "0-0", None, ""
    entry_id = entries[0][0].decode()
    try:
        return entry_id, said_in(entries[0]), ""
    except MalformedFeedbackError as error:
        return entry_id, None, f"entry {entry_id}: {error}"
