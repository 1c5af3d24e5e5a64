"""Keys that the service keeps hold another Redis type: another program uses their names."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.doctor.redis_seen import kinds_of_own_keys
from strategic_memory_server.revisions.log_keys import LogKeys


def check(examined: Examined) -> Iterator[Finding]:
    """Tell each key in the way; inputs of a wrong type are refused, and told there."""
    prefix = examined.settings.redis.key_prefix
    wanted, said_by_operators = kinds_of_own_keys(prefix), LogKeys.under(prefix).interventions
    for key, kind in examined.redis.own_types.items():
        if kind != wanted[key]:
            yield Finding(
                "wrong_key_types",
                Severity.CRITICAL,
                f"{key} holds a {kind} in place of a {wanted[key]}, so "
                f"{'no operator is heard' if key == said_by_operators else 'nothing can be published'}: find out which "
                "program writes there, rename or delete the key, or give the service another --key-prefix",
                examined.redis_cli("TYPE", key),
            )
