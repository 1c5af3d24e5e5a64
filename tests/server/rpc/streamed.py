"""Messages of a stream as they come."""

from __future__ import annotations

import asyncio

from in_process_server import Stream

from strategic_memory.v1 import service_pb2


async def receive(stream: Stream) -> service_pb2.StreamFeedbackResponse:
    async with asyncio.timeout(30):
        message = await stream.read()
    assert isinstance(message, service_pb2.StreamFeedbackResponse), "the stream has ended"
    return message


async def receive_feedback(stream: Stream) -> tuple[int, int]:
    """Revision and skipped revisions of the next message, which is a feedback."""
    message = await receive(stream)
    assert message.WhichOneof("event") == "feedback"
    return message.feedback.revision, message.skipped_revisions
