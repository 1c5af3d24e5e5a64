"""Servers on one Redis that would give other advice upon the same entries."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.advice.settings_by_variable import differences, from_text, settings_by_variable
from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.revisions.log_keys import LogKeys

NAME = "other_settings"


def check(examined: Examined) -> Iterator[Finding]:
    """Compare the settings of the log with those here, and with those of a server that stands back."""
    log, keys = examined.redis.log, LogKeys.under(examined.settings.redis.key_prefix)
    ours = settings_by_variable(examined.settings.sync.advice)
    if found := differences(log.settings, ours):
        said = (
            f"the feedback log was last written under other settings than these here: {'; '.join(found)}. Give all "
            "servers the same settings, and this command those of the service"
        )
        yield Finding(NAME, Severity.WARNING, said, examined.redis_cli("HGET", keys.state, "settings"))
    server, _, theirs = log.other_settings.partition(" ")
    name, show = ascii(server)[1:-1][:80], examined.redis_cli("GET", keys.other_settings)
    # One of another version knows of more settings or fewer, and need not differ for it.
    if server and differences(log.settings, from_text(theirs)):
        apart = differences(theirs, ours)
        said = f"the server {name} stands back, as its settings differ from those of the log" + (
            f": {'; '.join(apart)}" if apart else ""
        )
        yield Finding(NAME, Severity.WARNING, f"{said}. It does not take over; give all servers the same", show)
    elif server and (unknown := from_text(theirs).keys() - from_text(log.settings).keys() - ours.keys()):
        said = (
            f"the server {name} is of another version than this command, with settings of which neither this nor "
            f"the log knows ({ascii(', '.join(sorted(unknown)))[1:-1][:200]}). It may stand back for them: see whether "
            "`settings differ` stands in its problems"
        )
        yield Finding(NAME, Severity.WARNING, said, show)
