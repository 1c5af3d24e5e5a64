"""One message object per feedback, shared read-only by every caller and stream."""

from __future__ import annotations

from strategic_memory.v1 import service_pb2
from strategic_memory_server.feedback import Feedback
from strategic_memory_server.rpc.to_wire import feedback_message

KEPT_MESSAGES = 2_048
"""Messages of the feedbacks last asked for; more than streams that catch up together use at a time."""


class MessageCache:
    """Keeps messages by the identity of the feedback: the hub and the log pages give all streams the same object."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Feedback, service_pb2.StreamFeedbackResponse]] = {}
        self._answered: Feedback | None = None
        self._answer = service_pb2.GetFeedbackResponse()

    def response(self, feedback: Feedback) -> service_pb2.GetFeedbackResponse:
        """Give the answer of GetFeedback."""
        if feedback is not self._answered:
            self._answered = feedback
            self._answer = service_pb2.GetFeedbackResponse(feedback=feedback_message(feedback))
        return self._answer

    def delivery(self, feedback: Feedback, skipped: int) -> service_pb2.StreamFeedbackResponse:
        """Give the message of a stream."""
        found = self._kept.get(id(feedback))
        # The feedback is kept beside its message, so that no other one can have its identity.
        message = self._keep(feedback) if found is None else found[1]
        if skipped:
            return service_pb2.StreamFeedbackResponse(feedback=message.feedback, skipped_revisions=skipped)
        return message

    def _keep(self, feedback: Feedback) -> service_pb2.StreamFeedbackResponse:
        message = service_pb2.StreamFeedbackResponse(feedback=feedback_message(feedback))
        if len(self._kept) >= KEPT_MESSAGES:
            del self._kept[next(iter(self._kept))]
        self._kept[id(feedback)] = (feedback, message)
        return message
