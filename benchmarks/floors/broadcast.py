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

    def send(self, feedback: feedback_pb2.Feedback) -> None:
        """Wake everybody with a feedback, which becomes the next revision."""
        feedback.revision = self.message.feedback.revision + 1
        self.message = service_pb2.StreamFeedbackResponse(feedback=feedback)
        change, self.change = self.change, asyncio.Event()
        change.set()
