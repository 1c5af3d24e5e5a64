"""One message object per feedback, shared read-only by every caller and stream."""

from __future__ import annotations

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.feedback import Feedback
from strategic_memory_server.rpc.to_wire import feedback_message


class MessageCache:
    """Keeps the messages of the feedback that was last asked for."""

    def __init__(self) -> None:
        self._feedback: Feedback | None = None
        self._message = feedback_pb2.Feedback()
        self._response = service_pb2.GetFeedbackResponse()
        self._delivery = service_pb2.StreamFeedbackResponse()

    def response(self, feedback: Feedback) -> service_pb2.GetFeedbackResponse:
        """Give the answer of GetFeedback."""
        self._turn_to(feedback)
        return self._response

    def delivery(self, feedback: Feedback, skipped: int) -> service_pb2.StreamFeedbackResponse:
        """Give the message of a stream."""
        self._turn_to(feedback)
        if skipped:
            return service_pb2.StreamFeedbackResponse(feedback=self._message, skipped_revisions=skipped)
        return self._delivery

    def _turn_to(self, feedback: Feedback) -> None:
        if self._feedback is feedback:
            return
        self._feedback = feedback
        self._message = feedback_message(feedback)
        self._response = service_pb2.GetFeedbackResponse(feedback=self._message)
        self._delivery = service_pb2.StreamFeedbackResponse(feedback=self._message)
