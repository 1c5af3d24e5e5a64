"""Prints, as JSON, the allocations of one GetFeedback of the service and of a bare method with the same answer.

Its argument is by how many they may differ: while they differ by more, it goes on counting for some time.

Run as a program, so that nothing else allocates meanwhile. Client and server are in this process, on both sides, so
what they differ by is the service's own. memray counts the allocations of Python and those of the C libraries.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import redis.asyncio
from advice import feedback
from grpc_handlers import SERVICE
from in_process_server import in_process_server
from memray import FileReader, Tracker

from strategic_memory.v1 import service_pb2, service_pb2_grpc

# Few at once: some of many rounds fall between the interruptions of a busy machine, and between what runs by the clock.
CALLS = 20
WARM_UP_CALLS = 5
LEAST_ROUNDS, MOST_ROUNDS = 20, 200


async def a_call(call: Callable[[], Awaitable[object]]) -> float:
    """The allocations of a call, on average."""
    for _ in range(WARM_UP_CALLS):
        await call()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "allocations"
        with Tracker(file, trace_python_allocators=True):
            for _ in range(CALLS):
                await call()
        return FileReader(file).metadata.total_allocations / CALLS


async def main(more_than_bare: float) -> None:
    """Count both."""
    request = service_pb2.GetFeedbackRequest()
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    async with (
        # Nothing here asks Redis.
        redis.asyncio.Redis(port=1) as no_redis,
        in_process_server(no_redis) as ours,
        grpc.aio.insecure_channel(ours.server.address) as our_channel,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as bare_channel,
    ):
        ours.load(feedback(1))
        stub: Any = service_pb2_grpc.StrategicMemoryServiceStub(our_channel)
        answer = await stub.GetFeedback(request)

        async def answering(_request: service_pb2.GetFeedbackRequest, _context: object) -> object:
            return answer

        bare = grpc.unary_unary_rpc_method_handler(
            answering, service_pb2.GetFeedbackRequest.FromString, service_pb2.GetFeedbackResponse.SerializeToString
        )
        server.add_registered_method_handlers(SERVICE, {"GetFeedback": bare})
        await server.start()
        bare_call: Any = bare_channel.unary_unary(
            f"/{SERVICE}/GetFeedback",
            service_pb2.GetFeedbackRequest.SerializeToString,
            service_pb2.GetFeedbackResponse.FromString,
        )
        calls = {"ours": lambda: stub.GetFeedback(request), "bare": lambda: bare_call(request)}
        # A busy machine wakes the event loop more often for the same call, which allocates too; never less often.
        counted = dict.fromkeys(calls, math.inf)
        for number in range(MOST_ROUNDS):
            if number >= LEAST_ROUNDS and counted["ours"] - counted["bare"] <= more_than_bare:
                break
            counted = {side: min(counted[side], await a_call(call)) for side, call in calls.items()}
        await server.stop(0)
    sys.stdout.write(json.dumps(counted))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
