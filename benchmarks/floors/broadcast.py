"""One message for everybody who waits, with an `asyncio.Event` for each change."""

from __future__ import annotations

import asyncio

from strategic_memory.v1 import feedback_pb2, service_pb2


class Broadcast:
    """Holds the newest message; revisions count from that of the first."""

    def __init__(self, feedback: feedback_pb2.Feedback) -> None:
        """Begin with a feedback."""
        self.change = asyncio.Event()
        """Set once `message` is not the newest any more; take it before the message."""
        self.message = service_pb2.StreamFeedbackResponse(feedback=feedback)

    def send_next(self) -> None:
        """Wake everybody with the same feedback as the next revision."""
        message = service_pb2.StreamFeedbackResponse(feedback=self.message.feedback)
        message.feedback.revision += 1
        self.message = message
        change, self.change = self.change, asyncio.Event()
        change.set()
