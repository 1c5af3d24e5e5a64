"""One message object per feedback and moment, shared read-only by every caller and stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.rpc.wire.message_writer import timestamp
from strategic_memory_server.rpc.wire.to_wire import feedback_message

KEPT_MESSAGES = 2_048
"""Messages of the feedbacks last asked for; more than streams that catch up together use at a time."""

KEPT_MS = 10_000
"""A message that was not sent for so long is let go of before the next one is kept: each sync confirms the feedback in
force, which is another one then, so that those of a portfolio with a single stream would pile up for a day and more.
Streams that catch up together use one within seconds."""

MOMENT_MS = 20
"""Messages that are sent within so many milliseconds bear one time of sending, and so are one object."""


@dataclass(slots=True)
class _Kept:
    """What was made for a feedback, which is kept beside it so that no other one can have its identity."""

    feedback: Feedback
    body: feedback_pb2.Feedback
    message: service_pb2.StreamFeedbackResponse
    sent_at_ms: int


def no_problems() -> Mapping[str, str]:
    """Return no problem."""
    return {}


class MessageCache:
    """Keeps messages by the identity of the feedback: the hub and the log pages give all streams the same object."""

    def __init__(
        self,
        clock_ms: Callable[[], int],
        problems: Callable[[], Mapping[str, str]] = no_problems,
        portfolio: str = "",
    ) -> None:
        """Make messages about a portfolio.

        Args:
            clock_ms: stamps them, milliseconds since 1970-01-01 UTC.
            problems: gives what is told beside the feedback, sentences by name.
            portfolio: its name.
        """
        self._portfolio = portfolio
        self._clock_ms = clock_ms
        self._problems = problems
        self._kept: dict[int, _Kept] = {}
        self._answered: Feedback | None = None
        self._answer = service_pb2.GetFeedbackResponse()
        self._answered_at_ms = 0

    def response(self, feedback: Feedback, now_ms: int | None = None) -> service_pb2.GetFeedbackResponse:
        """Return the answer of GetFeedback, as it is sent at some time; None: now."""
        now_ms = self._clock_ms() if now_ms is None else now_ms
        if feedback is not self._answered or not _is_same_moment(self._answered_at_ms, now_ms):
            body = self._answer.feedback if feedback is self._answered else feedback_message(feedback)
            self._answered, self._answered_at_ms = feedback, now_ms
            problems = [service_pb2.Problem(name=name, sentence=said) for name, said in self._problems().items()]
            self._answer = service_pb2.GetFeedbackResponse(
                feedback=body, sent_at=timestamp(now_ms), problems=problems, portfolio=self._portfolio
            )
        return self._answer

    def delivery(
        self, feedback: Feedback, skipped: int, now_ms: int | None = None
    ) -> service_pb2.StreamFeedbackResponse:
        """Return the message of a stream, likewise."""
        now_ms = self._clock_ms() if now_ms is None else now_ms
        kept = self._kept.get(id(feedback)) or self._keep(feedback, now_ms)
        if not _is_same_moment(kept.sent_at_ms, now_ms):
            kept.message, kept.sent_at_ms = self._message(kept.body, now_ms), now_ms
            # The first is the one that was not sent for longest.
            self._kept[id(feedback)] = self._kept.pop(id(feedback))
        if skipped:
            return self._message(kept.body, now_ms, skipped)
        return kept.message

    def forget(self) -> None:
        """Let go of what streams were sent: there are none any more."""
        self._kept.clear()

    def _keep(self, feedback: Feedback, now_ms: int) -> _Kept:
        body = feedback_message(feedback)
        self._make_room(now_ms)
        kept = self._kept[id(feedback)] = _Kept(feedback, body, self._message(body, now_ms), now_ms)
        return kept

    def _make_room(self, now_ms: int) -> None:
        """Let go of the oldest: of those that nobody was sent lately, and of one where there are as many as may be."""
        while self._kept:
            oldest = next(iter(self._kept))
            was_sent_lately = 0 <= now_ms - self._kept[oldest].sent_at_ms < KEPT_MS
            if was_sent_lately and len(self._kept) < KEPT_MESSAGES:
                return
            del self._kept[oldest]

    def _message(
        self, body: feedback_pb2.Feedback, now_ms: int, skipped: int = 0
    ) -> service_pb2.StreamFeedbackResponse:
        return service_pb2.StreamFeedbackResponse(
            feedback=body, skipped_revisions=skipped, sent_at=timestamp(now_ms), portfolio=self._portfolio
        )


def _is_same_moment(then_ms: int, now_ms: int) -> bool:
    return 0 <= now_ms - then_ms < MOMENT_MS
