"""Records what one StreamFeedback stream delivers, in a thread of its own."""

from __future__ import annotations

import threading
from typing import Self

import grpc
from processes import eventually

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc


class StreamRecorder:
    """One stream on a channel of its own; `error` is set when it has ended."""

    def __init__(self, address: str, request: service_pb2.StreamFeedbackRequest | None = None) -> None:
        self.messages: list[service_pb2.StreamFeedbackResponse] = []
        self.error: grpc.RpcError | None = None
        self.ended = threading.Event()
        self._channel = grpc.insecure_channel(address)
        stub = service_pb2_grpc.StrategicMemoryServiceStub(self._channel)
        self._call = stub.StreamFeedback(request or service_pb2.StreamFeedbackRequest())
        self._thread = threading.Thread(target=self._record, daemon=True)
        self._thread.start()

    def _record(self) -> None:
        try:
            self.messages.extend(self._call)
        except grpc.RpcError as error:
            self.error = error
        self.ended.set()

    @property
    def feedbacks(self) -> list[feedback_pb2.Feedback]:
        """Feedbacks received so far."""
        return [message.feedback for message in list(self.messages) if message.WhichOneof("event") == "feedback"]

    @property
    def heartbeats(self) -> list[feedback_pb2.Heartbeat]:
        """Heartbeats received so far."""
        return [message.heartbeat for message in list(self.messages) if message.WhichOneof("event") == "heartbeat"]

    @property
    def revisions(self) -> list[int]:
        """Revisions received so far."""
        return [feedback.revision for feedback in self.feedbacks]

    def wait_for_revision(self, revision: int, within_s: float = 60.0) -> feedback_pb2.Feedback:
        """Wait for a feedback of at least a revision."""
        return eventually(
            lambda: next((feedback for feedback in self.feedbacks if feedback.revision >= revision), None),
            within_s,
            what=f"revision {revision}; received {self.revisions}, error {self.error}",
        )

    def wait_for_end(self, within_s: float = 60.0) -> grpc.RpcError:
        """Wait until the stream has ended with an error."""
        assert self.ended.wait(within_s), "the stream goes on"
        assert self.error is not None, "the stream ended without an error"
        return self.error

    def close(self) -> None:
        """Cancel the stream and close its channel."""
        self._call.cancel()
        self._channel.close()
        self._thread.join(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
