"""Clocks that differ: of Redis, of the service and of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity

NAME = "clock_skew"

NOTABLE_S = 2.0
"""So far apart clocks are that nobody keeps together, seconds."""

HARMFUL_S = 60.0
"""So far apart times of entries are no times any more, seconds."""


def check(examined: Examined) -> Iterator[Finding]:
    """Compare them two by two, this machine's with each of the others."""
    ahead = {"the clock of Redis": examined.redis.ahead_s, "the clock of the service": examined.service.ahead_s}
    commands = {"the clock of Redis": examined.redis_cli("TIME"), "the clock of the service": examined.service.command}
    for whose, seconds in ahead.items():
        if seconds is not None and abs(seconds) > NOTABLE_S:
            yield Finding(
                NAME,
                Severity.CRITICAL if abs(seconds) > HARMFUL_S else Severity.WARNING,
                f"{whose} is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} the one of this machine: "
                "keep all machines on one time with chrony or systemd-timesyncd",
                f"date +%s.%N; {commands[whose]}",
            )
