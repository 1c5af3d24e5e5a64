"""One pipelined read of the nine inputs and one pipelined write of the outputs, with redis-py and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import redis.asyncio as redis
from redis.typing import EncodableT, FieldT

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.revisions.log_keys import LogKeys

Fields = dict[FieldT, EncodableT]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the service has in its output keys, to be written again as it is.

    Attributes:
        entry: newest entry of the log.
        pulse: newest pulse.
        state: the state of the log.
        feedback: the key with the newest feedback.
        event: as long as the event on the channel.
    """

    entry: Fields
    pulse: Fields
    state: Fields
    feedback: bytes
    event: bytes

    @classmethod
    async def read(cls, client: redis.Redis, prefix: str) -> Self:
        """Read them from the keys of a service that has published."""
        names = LogKeys.under(prefix)
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.xrevrange(names.log, count=1)
            pipeline.xrevrange(names.pulse, count=1)
            pipeline.hgetall(names.state)
            pipeline.get(names.feedback)
            entries, pulses, state, feedback = await pipeline.execute()
        return cls(entries[0][1], pulses[0][1], state, feedback, bytes(250))


async def read_inputs(client: redis.Redis, prefix: str, windows: Mapping[str, int]) -> None:
    """Read the six values and the newest entries of the three streams in one round trip."""
    pipeline = client.pipeline(transaction=False)
    for source in keys.VALUE_SOURCES:
        pipeline.get(keys.key_of(prefix, source))
    for source, entries in windows.items():
        pipeline.xrevrange(keys.key_of(prefix, source), count=entries)
    await pipeline.execute()


async def write_outputs(client: redis.Redis, prefix: str, outputs: Outputs, *, publish: bool) -> None:
    """Write what a cycle writes in one round trip; with `publish` what a new revision needs too."""
    names = LogKeys.under(prefix)
    pipeline = client.pipeline(transaction=False)
    if publish:
        pipeline.xadd(names.log, outputs.entry, maxlen=10_000, approximate=False)
        pipeline.publish(names.events, outputs.event)
    pipeline.xadd(names.pulse, outputs.pulse, maxlen=8, approximate=False)
    pipeline.hset(names.state, mapping=outputs.state)
    pipeline.set(names.feedback, outputs.feedback)
    await pipeline.execute()
