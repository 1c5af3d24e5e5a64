"""No server confirms the advice."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_times import to_iso

NAME = "nobody_syncs"


def check(examined: Examined) -> Iterator[Finding]:
    """Tell that nothing was ever published, or that what was published is not confirmed any more."""
    log, now_ms = examined.redis.log, examined.redis.clock_ms
    keys = LogKeys.under(examined.settings.redis.key_prefix)
    show = examined.redis_cli("HGETALL", keys.state)
    if log.unreadable is not None:
        what = f"{log.unreadable}: another program, or a newer version, has written {keys.state}"
        yield Finding(NAME, Severity.CRITICAL, what, show)
    elif log.state is None:
        what = (
            f"no server has ever synced under {examined.settings.redis.key_prefix}: start "
            "`strategic-memory-server serve` with this REDIS_URL, or give the --key-prefix of the one that runs"
        )
        yield Finding(NAME, Severity.CRITICAL, what, show)
    elif (until_ms := log.state.times.valid_until_ms) is None or log.state.withdrawn:
        # Nothing is confirmed then, whoever syncs; only the lease tells that somebody does.
        if not log.is_led:
            what = "nothing is advised, and no server holds the lease, so that new entries change nothing: start one"
            yield Finding(NAME, Severity.CRITICAL, what, examined.redis_cli("GET", keys.lease))
    elif now_ms is not None and now_ms > until_ms:
        what = (
            f"the advice holds no more since {to_iso(until_ms)}: no server has confirmed it, and clients say "
            "CONSERVATIVE. See what the servers write into their logs, and start one where none runs"
        )
        yield Finding(NAME, Severity.CRITICAL, what, examined.redis_cli("GET", keys.lease))
