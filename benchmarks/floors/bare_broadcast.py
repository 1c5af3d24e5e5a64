"""A `grpc.aio` server that sends one message to every stream when an entry arrives at a Redis stream.

Arguments: Redis URL, key prefix, and the Feedback to send, serialised, in hexadecimal digits.
"""

from __future__ import annotations

import asyncio
import sys

import redis.asyncio as redis

from benchmarks.floors.bare_chain import BareStream, push_changes
from benchmarks.floors.broadcast import Broadcast
from benchmarks.floors.serving import serve
from strategic_memory.v1 import feedback_pb2


async def main(url: str, prefix: str, feedback: bytes) -> None:
    """Serve the broadcast."""
    broadcast = Broadcast(feedback_pb2.Feedback.FromString(feedback))
    async with redis.Redis.from_url(url, protocol=2) as log:
        await serve(BareStream(broadcast), [push_changes(log, f"{prefix}:log", broadcast)])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])))
