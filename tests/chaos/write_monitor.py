"""WriteMonitor: sees every write to the log and its state, and tells when one came too late.

That is one under an older fencing token than before, or under the same one with a result that was worked out earlier.

It reads what Redis itself reports of each command that it carries out (MONITOR), those of scripts too, so that no write
is missed while it is connected.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any, Self, cast

import redis
from history.model import Position
from redis.backoff import NoBackoff
from redis.retry import Retry

_CONNECTS_WITHIN_S = 0.5
_LOOK_S = 0.05
_RETRY_S = 0.02
_ENDED_WITHIN_S = 30.0
_APART_MS = 50


class WriteMonitor:
    """Watches in a thread while its context is open.

    Args:
        where: gives the URL of the master; raises RedisError or OSError when nobody knows it.
        prefix: what every key starts with.
    """

    def __init__(self, where: Callable[[], str], prefix: str) -> None:
        self.writes = 0
        """How many writes were seen."""
        self.setbacks: list[str] = []
        """Writes under a token that was older than one before."""
        self.late: list[str] = []
        """Writes under the token of the one before, with a result that was worked out earlier."""
        self.published: list[Position] = []
        """What was added to the log."""
        self._where = where
        state = re.escape(f"{prefix}:feedback:strategic_memory:state")
        self._write = re.compile(
            rf"HSET {state} fencing_token (\d+) .*\bepoch (\S+) revision (\d+)(?: .*\bcomputed_at_ms (\d+))?"
        )
        log = re.escape(f"{prefix}:stream:strategic_feedback")
        self._entry = re.compile(rf"XADD {log} MAXLEN = \d+ \S+ revision (\d+) epoch (\S+) ")
        self._highest = 0
        self._token = self._computed_at_ms = self._written_at_ms = 0
        self._closing = threading.Event()
        self._watching = threading.Event()
        self._thread = threading.Thread(target=self._run, name="write-monitor", daemon=True)

    def __enter__(self) -> Self:
        """Begin; writes are seen from when this returns."""
        self._thread.start()
        self._watching.wait(_ENDED_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(_ENDED_WITHIN_S)

    def take(self, command: str, at_ms: int) -> None:
        """Take over a command that Redis has carried out at a time by its clock, milliseconds since 1970-01-01 UTC."""
        if (entry := self._entry.match(command)) is not None:
            self.published.append(Position(entry[2], int(entry[1])))
        written = self._write.match(command)
        if written is None:
            return
        self.writes += 1
        token = int(written[1])
        if token < self._highest:
            self.setbacks.append(
                f"revision {written[3]} of epoch {written[2]} was written under fencing token {token} "
                f"after a write under {self._highest}"
            )
        self._compare_times(written, token, at_ms)
        self._highest = max(self._highest, token)

    def _compare_times(self, written: re.Match[str], token: int, at_ms: int) -> None:
        """Compare when the result was worked out, by the clock of Redis, unless that was set back since the one before.

        It was where the write before is told to be later than this one, or earlier than its own result.
        """
        computed_at_ms = int(written[4] or self._computed_at_ms)
        was_set_back = self._written_at_ms > at_ms or self._computed_at_ms > self._written_at_ms + _APART_MS
        if token == self._token and computed_at_ms < self._computed_at_ms and not was_set_back:
            self.late.append(
                f"revision {written[3]} of epoch {written[2]} was written with a result that was worked out "
                f"{self._computed_at_ms - computed_at_ms} ms before the one that was there"
            )
        self._token, self._computed_at_ms, self._written_at_ms = token, computed_at_ms, at_ms

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._watch()
            except (redis.RedisError, OSError):
                self._closing.wait(_RETRY_S)

    def _watch(self) -> None:
        """Watch until Redis goes away.

        One that stands still is not left: what it does as soon as it goes on would be done before another connection
        has come to watch.
        """
        retry = Retry(NoBackoff(), 0)
        timeouts = {"socket_timeout": _CONNECTS_WITHIN_S, "socket_connect_timeout": _CONNECTS_WITHIN_S}
        client = redis.Redis.from_url(self._where(), protocol=2, retry=retry, **timeouts)
        # The library has no type for it.
        with client, cast("Any", client).monitor() as monitor:
            self._watching.set()
            while not self._closing.is_set():
                if monitor.connection.can_read(_LOOK_S):
                    seen = monitor.next_command()
                    self.take(str(seen["command"]), round(float(seen["time"]) * 1000))
