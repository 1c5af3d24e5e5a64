"""What Redis holds of many portfolios at one moment: who leads each, and how far its log has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from redis import Redis
from scale.observed_portfolio import prefix_of
from scale.slot_owners import SlotOwners

from strategic_memory_server.revisions.log_keys import LogKeys

_FIELDS = ("epoch", "revision", "data_as_of_ms", "computed_at_ms")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one portfolio stands.

    Attributes:
        leader_pid: process id of who holds the lease; 0: nobody does.
        epoch: epoch of the log; empty: there is none.
        revision: newest revision.
        data_as_of_ms: time of the newest input entry that the newest sync has seen.
        computed_at_ms: when the newest sync has worked out its result; 0: none has.
        retained: entries of the log.
    """

    leader_pid: int
    epoch: str
    revision: int
    data_as_of_ms: int
    computed_at_ms: int
    retained: int


def standings(names: Iterable[str], owners: SlotOwners) -> dict[str, Standing]:
    """Look at portfolios, those of a node at once. Blocks; raises RedisError or OSError where a node is away."""
    by_port: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_port[owners.port(prefix_of(name))].append(name)
    found: dict[str, Standing] = {}
    for port, here in by_port.items():
        with Redis(host="127.0.0.1", port=port, socket_timeout=10.0) as client:
            pipeline = client.pipeline(transaction=False)
            for name in here:
                keys = LogKeys.under(prefix_of(name))
                pipeline.get(keys.lease)
                pipeline.hmget(keys.state, *_FIELDS)
                pipeline.xlen(keys.log)
            replies = pipeline.execute()
        for place, name in enumerate(here):
            found[name] = _standing(*replies[3 * place : 3 * place + 3])
    return found


def _standing(lease: bytes | None, state: list[bytes | None], retained: int) -> Standing:
    pid = int(lease.decode().split("/")[-2]) if lease else 0
    revision, data_as_of_ms, computed_at_ms = (int(number or 0) for number in state[1:])
    return Standing(pid, (state[0] or b"").decode(), revision, data_as_of_ms, computed_at_ms, retained)
