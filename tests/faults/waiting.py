"""Waits until several Redis processes have agreed on something."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import redis
from faults.redis_process import RedisProcess, RedisProcessError

_POLL_S = 0.02


def wait(condition: Callable[[], bool], within_s: float, what: str, involved: Sequence[RedisProcess]) -> None:
    """Wait for a condition; a Redis that cannot be asked right now, or not tell yet, counts as not yet.

    Raises:
        RedisProcessError: it did not hold in time; the message carries what was waited for and the ends of the logs.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            if condition():
                return
        except (redis.RedisError, OSError):
            pass
        if time.monotonic() > deadline:
            logs = "\n".join(process.log_tail() for process in involved)
            raise RedisProcessError(f"not within {within_s:g} s: {what}. The ends of the logs:\n{logs}")
        time.sleep(_POLL_S)
