"""Whether a replica has copied its master, told by what only the two of them, now, can have in common."""

from __future__ import annotations

from typing import Any

from faults.redis_process import RedisProcess


def replication(server: RedisProcess) -> dict[str, Any]:
    """Return what a server says of its replication (INFO)."""
    with server.client() as client:
        return dict(client.info("replication"))


def has_copied(master: RedisProcess, replica: RedisProcess) -> bool:
    """Whether a replica follows this master, in the history that the master writes now, and has all of it.

    A link that is up, and an offset that is large, may be those of another master before: offsets of two histories
    say nothing about each other.
    """
    of_master, of_replica = replication(master), replication(replica)
    if (of_master["role"], of_replica["role"]) != ("master", "slave"):
        return False
    return bool(
        of_replica["master_port"] == master.port
        and of_replica["master_link_status"] == "up"
        and of_replica["master_replid"] == of_master["master_replid"]
        and of_replica["slave_repl_offset"] >= of_master["master_repl_offset"]
    )
