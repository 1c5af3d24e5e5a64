"""The chain from a new input entry to a subscriber, as plainly as it can be written.

XREAD BLOCK on the input streams, one pipelined read of the six values and the newest entry of each stream, one
pipelined write of a log entry, the feedback's key and an event; XREAD BLOCK on that log, gRPC push. Nothing is computed
or remembered. What is written and sent is small and its own: the fields of the contract and no more, none of the
service's bytes. Arguments: Redis URL and key prefix.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import cast

import redis.asyncio as redis
from google.protobuf.timestamp_pb2 import Timestamp
from redis.typing import KeyT, StreamIdT

from benchmarks.floors.bare_cycle import read_inputs
from benchmarks.floors.broadcast import Broadcast
from benchmarks.floors.serving import BareServicer, Context, serve
from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.revisions.log_keys import LogKeys

BLOCK_MS = 1_000

_NEWEST = dict.fromkeys(keys.STREAM_SOURCES, 1)

_FEEDBACK = {
    "preferred_regime": "BULL",
    "updated_policy": "BALANCED",
    "confidence_boost": 0.6842,
    "leverage_hint": 1.27,
    "regime_performance": {"avg_pnl": 0.2417, "win_rate": 0.5833, "sample_count": 41},
    "timestamp": "2025-12-21T06:00:00Z",
    "version": "1.0.0",
}
_EVENT = {"event": "strategic_feedback_updated", "regime": "BULL", "policy": "BALANCED", "confidence": 0.6842}


class BareStream(BareServicer):
    """Sends every subscriber what is broadcast."""

    def __init__(self, broadcast: Broadcast) -> None:
        """Take what tells the messages."""
        self._broadcast = broadcast

    async def StreamFeedback(
        self, request: service_pb2.StreamFeedbackRequest, context: Context
    ) -> AsyncIterator[service_pb2.StreamFeedbackResponse]:
        """Send the newest message, and each that follows."""
        while True:
            change = self._broadcast.change
            yield self._broadcast.message
            await change.wait()


def streams_of(reply: object) -> dict[bytes, StreamEntries]:
    """Return the entries of an XREAD reply by the key of their stream."""
    return dict(cast("list[tuple[bytes, StreamEntries]]", reply or []))


async def publish_changes(client: redis.Redis, prefix: str) -> None:
    """Read the inputs and write the feedback whenever an input stream has got an entry."""
    cursors: dict[KeyT, StreamIdT] = {keys.key_of(prefix, source): "$" for source in keys.STREAM_SOURCES}
    names = LogKeys.under(prefix)
    feedback, event = json.dumps(_FEEDBACK), json.dumps(_EVENT)
    while True:
        for name, entries in streams_of(await client.xread(cursors, block=BLOCK_MS)).items():
            cursors[name.decode()] = entries[-1][0]
            await read_inputs(client, prefix, _NEWEST)
            pipeline = client.pipeline(transaction=False)
            pipeline.xadd(names.log, {"feedback": feedback}, maxlen=10_000, approximate=False)
            pipeline.set(names.feedback, feedback)
            pipeline.publish(names.events, event)
            await pipeline.execute()


async def push_changes(client: redis.Redis, log: str, broadcast: Broadcast) -> None:
    """Broadcast the next revision whenever one is added to the log."""
    cursor: StreamIdT = "$"
    while True:
        for entries in streams_of(await client.xread({log: cursor}, block=BLOCK_MS)).values():
            cursor = entries[-1][0]
            broadcast.send_next()


def small_feedback() -> feedback_pb2.Feedback:
    """Make a message of the fields that the contract names, some hundred bytes."""
    now = Timestamp(seconds=1_766_296_800)
    return feedback_pb2.Feedback(
        revision=1,
        epoch="bare",
        status=feedback_pb2.FEEDBACK_STATUS_ACTIVE,
        preferred_regime="BULL",
        updated_policy=feedback_pb2.POLICY_BALANCED,
        confidence_boost=0.6842,
        leverage_hint=1.27,
        regime_performance=feedback_pb2.RegimePerformance(avg_pnl=0.2417, win_rate=0.5833, sample_count=41),
        current_regime="BULL",
        timestamp=now,
        data_as_of=now,
        valid_until=now,
        version="1.0.0",
    )


async def main(url: str, prefix: str) -> None:
    """Serve the chain."""
    broadcast = Broadcast(small_feedback())
    async with (
        redis.Redis.from_url(url, protocol=2) as inputs,
        redis.Redis.from_url(url, protocol=2) as log,
    ):
        work = [publish_changes(inputs, prefix), push_changes(log, LogKeys.under(prefix).log, broadcast)]
        await serve(BareStream(broadcast), work)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
