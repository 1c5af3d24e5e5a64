"""How long what a server says holds, counted from when it is heard."""

from __future__ import annotations

import math

from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback


def seconds_left(said: Feedback | Heartbeat, here_s: float) -> float:
    """Return the seconds of validity that are left to an ACTIVE message that is heard now.

    By the server's clock, which the message tells, so that a clock that is wrong here neither prolongs nor ends it.
    `here_s`, the wall clock here, serves where the message does not tell. A feedback holds no longer than it ever did,
    also where the server's clock was set back since it was computed.
    """
    if said.valid_until is None:
        return -math.inf
    until_s = said.valid_until.timestamp()
    sent_at = said.timestamp if isinstance(said, Heartbeat) else said.sent_at
    computed_at_s = -math.inf if said.timestamp is None else said.timestamp.timestamp()
    return until_s - max(here_s if sent_at is None else sent_at.timestamp(), computed_at_s)
