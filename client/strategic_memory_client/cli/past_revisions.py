"""Revisions that the log still holds, read as a stream that ends with the one in force."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint
from strategic_memory_client.values.errors import ResumePointError
from strategic_memory_client.values.results import Feedback

COMPACTED = "REVISION_COMPACTED"


class NotRetainedError(LookupError):
    """The log does not hold a revision; the text says which it holds."""


def revisions_from(client: StrategicMemoryClient, first: int = 1) -> Iterator[Feedback]:
    """Yield the revisions of the present epoch from `first` on, or from the oldest that is retained, oldest first.

    Raises:
        StrategicMemoryError: the service could not be asked, or what comes next was trimmed while it was read.
    """
    newest = client.get_feedback()
    if not newest.epoch or newest.revision < first:
        return
    is_told = False
    while True:
        try:
            for feedback in _up_to(client, newest, first):
                is_told = True
                yield feedback
            return
        except ResumePointError as error:
            # The oldest one may go before it is asked for. What goes behind one that was told is missing.
            oldest = error.oldest or 0
            if is_told or error.reason != COMPACTED or oldest <= first:
                raise
            first = oldest


def revision_at(client: StrategicMemoryClient, revision: int) -> Feedback:
    """Return one revision of the present epoch, as it was said.

    Raises:
        NotRetainedError: the log does not hold it.
        StrategicMemoryError: the service could not be asked.
    """
    found = next(revisions_from(client, revision), None)
    if found is None:
        raise NotRetainedError(f"revision {revision} has not been published yet: get says where the log stands")
    if found.revision != revision:
        raise NotRetainedError(f"revision {revision} is no longer retained: the oldest is {found.revision}")
    return found


def _up_to(client: StrategicMemoryClient, newest: Feedback, first: int) -> Iterator[Feedback]:
    after = ResumePoint(first - 1, newest.epoch)
    give_up_s = client.options.timeout_s
    stream = client.stream_feedback(resume_after=after, delivery=Delivery.EVERY, give_up_after_s=give_up_s)
    for feedback in stream:
        yield feedback
        if feedback.revision >= newest.revision:
            return
