"""Which advice stands for whoever reads it line by line: what was said last, until it turns stale, and again after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from strategic_memory_client.streams.validity import seconds_left
from strategic_memory_client.values.events import Disconnected, FeedbackReceived, HeartbeatReceived, SubscriptionEvent
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback, FeedbackStatus


class StandingAdvice:
    """A reader of lines cannot see that nothing came. So it is told when the last line holds no more."""

    def __init__(self) -> None:
        self._said: Feedback | None = None
        self._now = datetime.min.replace(tzinfo=UTC)
        self._holds_until: datetime | None = None
        self._noted_status: FeedbackStatus | None = None
        self._told_place: tuple[str, int] | None = None

    @property
    def holds_until(self) -> datetime | None:
        """Until when, by the clock here, what was said last holds; None where it does not."""
        return self._holds_until

    def take(self, event: SubscriptionEvent, now: datetime) -> Feedback | None:
        """Take an event that happened at `now` (aware); return the feedback to tell, None when nothing changed."""
        self._now = now
        match event:
            case FeedbackReceived(feedback):
                self._said = feedback
                self._holds_until = self._end_of(feedback)
                return self._note(feedback)
            case HeartbeatReceived(heartbeat):
                return self._heartbeat(heartbeat)
            case Disconnected() if self._holds_until is None or now >= self._holds_until:
                return self._withdraw()
            case _:
                return None

    def is_withheld(self, event: SubscriptionEvent) -> bool:
        """Tell whether the event vouches for advice that came without its values, so that they are to be fetched."""
        match event, self._said:
            case HeartbeatReceived(heartbeat), Feedback() as said:
                is_active = heartbeat.status is FeedbackStatus.ACTIVE
                return is_active and said.status is FeedbackStatus.STALE and _is_about(heartbeat, said)
            case _:
                return False

    def fetched(self, feedback: Feedback) -> Feedback | None:
        """Take what was fetched; return it when it is what was withheld, with its values."""
        said = self._said
        if said is None or (feedback.epoch, feedback.revision) != (said.epoch, said.revision):
            return None  # something newer, which the stream brings
        if feedback.status is not FeedbackStatus.ACTIVE:
            return None
        self._said = feedback
        self._holds_until = self._end_of(feedback)
        return self._note(feedback)

    def _heartbeat(self, heartbeat: Heartbeat) -> Feedback | None:
        said = self._said
        if heartbeat.status is not FeedbackStatus.ACTIVE:
            return self._withdraw()
        if said is None or said.status is not FeedbackStatus.ACTIVE or not _is_about(heartbeat, said):
            return None
        self._holds_until = self._end_of(heartbeat)
        self._said = replace(said, valid_until=heartbeat.valid_until, data_as_of=heartbeat.data_as_of)
        return None if self._noted_status is FeedbackStatus.ACTIVE else self._note(self._said)

    def _end_of(self, said: Feedback | Heartbeat) -> datetime | None:
        """Return until when, by the clock here, what is said now holds; None where it does not."""
        left_s = seconds_left(said, self._now.timestamp())
        return self._now + timedelta(seconds=left_s) if left_s > 0 else None

    def _withdraw(self) -> Feedback | None:
        if self._said is None or self._noted_status is not FeedbackStatus.ACTIVE:
            return None
        return self._note(self._said.as_stale())

    def _note(self, feedback: Feedback) -> Feedback:
        place = (feedback.epoch, feedback.revision)
        is_told_again, self._told_place = self._told_place == place, place
        self._noted_status = feedback.status
        # What is missing before it was told with it the first time.
        return replace(feedback, skipped_revisions=0, epoch_changed=False) if is_told_again else feedback


def _is_about(heartbeat: Heartbeat, said: Feedback) -> bool:
    return (heartbeat.epoch, heartbeat.revision) == (said.epoch, said.revision)
