"""SettingsAgreement: whether this server may lead, with the settings that it has.

The state of the log holds the settings that it was written under last. Servers with other settings would flip the
advice at each change of the leader, so such a server stands back, and both it and the leader say so.

One rule lets an operator change settings all the same. A server that has stood beside one with the settings of the log
never takes over from it by itself. One that was started since, and finds that nobody has taken the lease for its whole
length, leads: a server with the settings of the log would have taken it long before. A lease that is there at its start
and is never renewed is that of a server that was killed, and one of its own, of which no answer told, is nobody's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import redis.asyncio as redis

from strategic_memory_server.advice.settings_by_variable import Plain, as_text, differences, shown
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.redis_access.shared_trips import SharedTrips
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import register_script

PROBLEM = "settings_differ"

LEFT_FOR_LEASES = 3
"""How many lengths of the lease the leader knows of a server that stands back, unless that one says so again."""

RENEWED_BY = 0.1
"""A renewed lease lasts by this share of its length longer than was seen: clocks drift, and times are rounded."""

COUNTS_AT_MOST = 0.4
"""This share of its length counts for a free lease between two looks, which are less apart than that.

Who stands still for longer may do so with the others, on one machine or since Redis does: they are yet to ask."""


class SettingsAgreement:
    """Compares the settings of one server with those of the log.

    Args:
        client: the Redis client; it must return bytes.
        prefix: what every key starts with.
        server: name of this server.
        settings: its settings, see `settings_by_variable`.
        lease_ms: length of the lease, milliseconds.
        problems: is told where settings differ.
        lead_anyway: whether this server leads whatever the settings of the log.
        clock_s: a clock that only goes forward, seconds.
        trips: see `Lease`.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        server: str,
        settings: Mapping[str, Plain],
        lease_ms: int,
        problems: Problems,
        *,
        lead_anyway: bool = False,
        clock_s: Callable[[], float] = time.monotonic,
        trips: SharedTrips | None = None,
    ) -> None:
        self.leader = ""
        """Name of the server that holds the lease, as of the last look by a server that does not; empty: nobody."""
        self._keys = LogKeys.under(prefix).of("state", "lease", "other_settings")
        self._script = register_script(client, "settings", trips)
        self._server = server
        self._settings = settings
        self.text = as_text(settings)
        """The settings of this server, as the log tells them to others."""
        self._lease_ms = lease_ms
        self._problems = problems
        self._lead_anyway = lead_anyway
        self._clock_s = clock_s
        self._stood_beside = False
        self._free_s: float | None = None
        """For how long nobody is known to have held the lease, seconds; None: somebody does."""
        self._seen_free_s = 0.0
        """When that was seen last, by `clock_s`."""
        self._left_behind: tuple[bytes, float] | None = None
        """The first claim that was seen, and until when it lasts at most unless it is renewed, by `clock_s`."""

    async def may_lead(self) -> bool:
        """Compare, while this server does not lead, and tell whether the lease may be asked for.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        asked_s = self._clock_s()
        stated, holder, left_ms = await self._script(
            keys=self._keys,
            args={
                "claim": "",
                "server": self._server,
                "settings": self.text,
                "left_for_ms": LEFT_FOR_LEASES * self._lease_ms,
            },
        )
        self.leader = Claim(holder.decode(errors="replace")).holder
        found = differences(stated.decode(errors="replace"), self._settings)
        if not found:
            self._stood_beside, self._free_s, self._left_behind = False, None, None
            self._problems.withdraw(PROBLEM)
            return True
        self._report_as_standby(found)
        return self._lead_anyway or self._was_left_alone(holder, left_ms / 1000, asked_s)

    def leads(self, stands_back: str) -> None:
        """Take note that this server leads, and who stands back: its name and its settings; empty: nobody."""
        self._stood_beside, self._free_s, self._left_behind = False, None, None
        self._report_as_leader(stands_back)

    def _was_left_alone(self, holder: bytes, left_s: float, asked_s: float) -> bool:
        """Tell whether nobody with the settings of the log seems to be there, nor was since this server started.

        Args:
            holder: the claim that holds the lease; empty: nobody.
            left_s: for how long it still does, seconds.
            asked_s: when this was asked for, by `clock_s`.
        """
        lease_s = self._lease_ms / 1000
        if holder and Claim(holder.decode(errors="replace")).holder != self._server:
            claim, ends_s = self._left_behind or (holder, self._clock_s() + left_s + RENEWED_BY * lease_s)
            is_alive = self._free_s is not None or holder != claim or asked_s + left_s > ends_s
            self._stood_beside, self._free_s = self._stood_beside or is_alive, None
            self._left_behind = claim, ends_s
            return False
        # From when one answer was there to when the next was asked for: Redis has looked before that and after it.
        since_s = 0.0 if self._free_s is None else asked_s - self._seen_free_s
        self._free_s = (self._free_s or 0.0) + min(since_s, COUNTS_AT_MOST * lease_s)
        self._seen_free_s = self._clock_s()
        return not self._stood_beside and self._free_s >= lease_s

    def _report_as_leader(self, other: str) -> None:
        server, _, theirs = other.partition(" ")
        if found := differences(theirs, self._settings):
            sentence = (
                f"{shown(server)} has other settings than this server, which leads: {_joined(found)}. It does not lead "
                "unless it was told to; give all servers the same settings"
            )
            self._problems.state(PROBLEM, sentence)
        else:
            self._problems.withdraw(PROBLEM)

    def _report_as_standby(self, found: Sequence[str]) -> None:
        consequence = (
            "It was told to lead anyway"
            if self._lead_anyway
            else "It does not take over from a server with those; give all servers the same settings, or start this "
            "one with --lead-anyway"
        )
        sentence = (
            f"the feedback log ({shown(self.leader or 'nobody')} leads) was last written under other settings than "
            f"this server has: {_joined(found)}. {consequence}"
        )
        self._problems.state(PROBLEM, sentence)


def _joined(found: Sequence[str]) -> str:
    return "; ".join(found)
