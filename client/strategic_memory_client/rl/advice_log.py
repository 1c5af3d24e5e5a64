"""The feedback log of a service, read from its oldest revision to the one in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint
from strategic_memory_client.values.errors import ResumePointError
from strategic_memory_client.values.results import Feedback


def logged_feedback(address: str, timeout_s: float) -> list[Feedback]:
    """Return every feedback that the log of a service still holds, oldest first.

    What is not in it is when an advice was confirmed, or lapsed: of a time in which the service stood still, the log
    says what it had said before.

    Args:
        address: host:port of the service, several with commas.
        timeout_s: longest wait for the service, seconds.

    Raises:
        StrategicMemoryError: the service could not be reached, or does not let us.
    """
    with StrategicMemoryClient(address.split(",")) as client:
        newest = client.get_feedback(timeout_s=timeout_s)
        if newest.revision == 0:
            return []
        after = 0
        while True:
            try:
                return list(_said_after(client, after, newest, timeout_s))
            except ResumePointError as refused:
                # A stream that asks for more than there is is told which the oldest one is. That may go meanwhile.
                if (oldest := refused.oldest or 0) <= after + 1:
                    raise
                after = oldest - 1


def _said_after(client: StrategicMemoryClient, after: int, newest: Feedback, timeout_s: float) -> Iterator[Feedback]:
    """Yield what was said after a revision, up to the newest one."""
    with closing(
        client.stream_feedback(
            resume_after=ResumePoint(after, newest.epoch), delivery=Delivery.EVERY, give_up_after_s=timeout_s
        )
    ) as feedbacks:
        for feedback in feedbacks:
            yield feedback
            if feedback.revision >= newest.revision:
                return
