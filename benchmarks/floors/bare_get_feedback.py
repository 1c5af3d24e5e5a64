"""A typed `grpc.aio` method that returns one message object, and nothing else.

Its first argument is the GetFeedbackResponse to return, serialised, in hexadecimal digits; a second one is the address
to listen on, which others may share, or nothing; a third one is its event loop, `asyncio` or `uvloop`.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module

from benchmarks.floors.serving import BareServicer, Context, serve
from strategic_memory.v1 import service_pb2


class BareGetFeedback(BareServicer):
    """Returns the same message every time."""

    def __init__(self, response: service_pb2.GetFeedbackResponse) -> None:
        """Take the message."""
        self._response = response

    async def GetFeedback(
        self, request: service_pb2.GetFeedbackRequest, context: Context
    ) -> service_pb2.GetFeedbackResponse:
        """Return the message."""
        return self._response


if __name__ == "__main__":
    answer = service_pb2.GetFeedbackResponse.FromString(bytes.fromhex(sys.argv[1]))
    factory = import_module("uvloop").new_event_loop if sys.argv[3:] == ["uvloop"] else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(BareGetFeedback(answer), shared_address=(sys.argv[2:] or [""])[0]))
