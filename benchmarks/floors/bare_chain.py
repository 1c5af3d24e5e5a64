"""The chain from a new input entry to a subscriber, as plainly as it can be written.

XREAD BLOCK on the input streams, one pipelined read of the nine inputs, XADD of an entry to a log; XREAD BLOCK on that
log, gRPC push. Nothing is computed: the entry is always the one that is the newest in the service's log at the start,
and the message always the same but for its revision. Arguments: Redis URL, key prefix, the Feedback to send, serialised
and in hexadecimal digits, and the key prefix of the service.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import redis.asyncio as redis
from redis.typing import KeyT, StreamIdT

from benchmarks.floors.bare_cycle import Fields, Outputs, read_inputs
from benchmarks.floors.broadcast import Broadcast
from benchmarks.floors.serving import BareServicer, Context, serve
from benchmarks.harness.inputs import DEFAULT_WINDOWS
from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.redis_access.redis_replies import streams_of

BLOCK_MS = 1_000


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


async def publish_changes(client: redis.Redis, prefix: str, entry: Fields) -> None:
    """Add the entry to the log whenever an input stream has got an entry."""
    cursors: dict[KeyT, StreamIdT] = {keys.key_of(prefix, source): "$" for source in keys.STREAM_SOURCES}
    while True:
        for name, entries in streams_of(await client.xread(cursors, block=BLOCK_MS)).items():
            cursors[name.decode()] = entries[-1][0]
            await read_inputs(client, prefix, DEFAULT_WINDOWS)
            await client.xadd(f"{prefix}:log", entry, maxlen=10_000, approximate=False)


async def push_changes(client: redis.Redis, prefix: str, broadcast: Broadcast) -> None:
    """Broadcast the next revision whenever one is added to the log."""
    cursor: StreamIdT = "$"
    while True:
        for entries in streams_of(await client.xread({f"{prefix}:log": cursor}, block=BLOCK_MS)).values():
            cursor = entries[-1][0]
            broadcast.send_next()


async def main(url: str, prefix: str, feedback: bytes, service_prefix: str) -> None:
    """Serve the chain."""
    broadcast = Broadcast(feedback_pb2.Feedback.FromString(feedback))
    async with (
        redis.Redis.from_url(url, protocol=2) as inputs,
        redis.Redis.from_url(url, protocol=2) as log,
    ):
        entry = (await Outputs.read(inputs, service_prefix)).entry
        work = [publish_changes(inputs, prefix, entry), push_changes(log, prefix, broadcast)]
        await serve(BareStream(broadcast), work)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), sys.argv[4]))
