"""What programs ask of a Redis: commands, those inside scripts too, and round trips. Counted, never timed.

MONITOR tells each command and who sent it, INFO how often Redis has read from a socket: a request is read at once,
however many commands are in it, so each read is a round trip. A blocking XREAD waits for what may never come: it is
counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import redis


@dataclass(frozen=True, slots=True)
class Work:
    """What was asked.

    Attributes:
        commands: names, in order; those inside a script follow it. Blocking reads are not among them.
        round_trips: requests that were answered at once.
    """

    commands: tuple[str, ...]
    round_trips: int


class RedisWork:
    """What others than `client`, which has one connection, ask of a Redis; `next_command` is that of a monitor."""

    def __init__(self, client: redis.Redis, next_command: Callable[[], dict[str, str]]) -> None:
        self._client = client
        self._next_command = next_command
        self._own = str(client.client_info()["addr"])
        self._reads = 0
        self.since_last()

    def since_last(self) -> Work:
        """Return what was asked since the last time; nothing may be under way."""
        reads = int(self._client.info("stats")["total_reads_processed"])
        mark = f"mark {uuid4().hex}"
        self._client.echo(mark)
        commands: list[str] = []
        apart = 0
        while (seen := self._next_command())["command"] != f"ECHO {mark}":
            name, *rest = seen["command"].upper().split(" ")
            if f"{seen['client_address']}:{seen['client_port']}" == self._own or (name == "XREAD" and "BLOCK" in rest):
                apart += 1
            else:
                commands.append(name)
        round_trips, self._reads = reads - self._reads - apart - 1, reads
        return Work(tuple(commands), round_trips)


@contextmanager
def redis_work(client: redis.Redis) -> Iterator[RedisWork]:
    """Watch what is asked of a Redis until the context is left."""
    untyped: Any = client
    with untyped.monitor() as monitor:
        yield RedisWork(client, monitor.next_command)
