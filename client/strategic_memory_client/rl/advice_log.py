"""The feedback log of a service, read from its oldest revision to the one in force."""

from __future__ import annotations

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
        after = _before_the_oldest(client, newest, timeout_s)
        said: list[Feedback] = []
        with closing(
            client.stream_feedback(
                resume_after=ResumePoint(after, newest.epoch), delivery=Delivery.EVERY, give_up_after_s=timeout_s
            )
        ) as feedbacks:
            for feedback in feedbacks:
                said.append(feedback)
                if feedback.revision >= newest.revision:
                    return said
        return said


def _before_the_oldest(client: StrategicMemoryClient, newest: Feedback, timeout_s: float) -> int:
    """Return the revision before the oldest one: a stream that asks for more is told which that is."""
    with closing(
        client.stream_feedback(
            resume_after=ResumePoint(0, newest.epoch), delivery=Delivery.EVERY, give_up_after_s=timeout_s
        )
    ) as feedbacks:
        try:
            next(iter(feedbacks))
        except ResumePointError as refused:
            return (refused.oldest or 1) - 1
    return 0
