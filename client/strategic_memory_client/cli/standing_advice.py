"""Which advice stands for whoever reads it line by line: what was said last, until it turns stale, and again after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from strategic_memory_client.streams.newest import confirmed, is_about
from strategic_memory_client.streams.validity import seconds_left
from strategic_memory_client.values.events import Disconnected, FeedbackReceived, HeartbeatReceived, SubscriptionEvent
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback, FeedbackStatus


class StandingAdvice:
    """A reader of lines cannot see that nothing came. So it is told when the last line holds no more."""

    def __init__(self) -> None:
        self._said: Feedback | None = None
        self._now = datetime.min.replace(tzinfo=UTC)
        self._waited_s = 0.0
        self._holds_until: datetime | None = None
        self._noted: Feedback | None = None
        self._told_place: tuple[str, int] | None = None

    @property
    def holds_until(self) -> datetime | None:
        """Until when, by the clock here, what was said last holds; None where it does not."""
        return self._holds_until

    def take(self, event: SubscriptionEvent, now: datetime, waited_s: float = 0.0) -> Feedback | None:
        """Take an event that is read at `now` (aware); return the feedback to tell, None when nothing changed.

        `waited_s`: for how long it may have waited unread, by which it holds for less.
        """
        self._now, self._waited_s = now, waited_s
        match event:
            case FeedbackReceived(feedback):
                self._said = feedback
                self._holds_until = self._end_of(feedback)
                return self._note(feedback.as_stale() if self._is_over(feedback) else feedback)
            case HeartbeatReceived(heartbeat):
                return self._heartbeat(heartbeat)
            case Disconnected():
                return self.pass_time(now)
            case _:
                return None

    def pass_time(self, now: datetime) -> Feedback | None:
        """Take that nothing has come up to `now`; return the feedback to tell, None while what was said holds."""
        return None if self.left_s(now) > 0 else self._withdraw()

    def left_s(self, now: datetime) -> float:
        """Return for how many seconds what was said last still holds."""
        return 0.0 if self._holds_until is None else (self._holds_until - now).total_seconds()

    @property
    def is_told_active(self) -> bool:
        """Whether what was told last may be acted upon while it holds."""
        return self._noted is not None and self._noted.status is FeedbackStatus.ACTIVE

    def is_withheld(self, event: SubscriptionEvent) -> bool:
        """Tell whether the event vouches for advice that came without its values, so that they are to be fetched."""
        match event, self._said:
            case HeartbeatReceived(heartbeat), Feedback() as said:
                is_active = heartbeat.status is FeedbackStatus.ACTIVE
                return is_active and said.status is FeedbackStatus.STALE and is_about(heartbeat, said)
            case _:
                return False

    def fetched(self, feedback: Feedback) -> Feedback | None:
        """Take what was fetched; return it when it is what was withheld, with its values."""
        said = self._said
        if said is None or (feedback.epoch, feedback.revision) != (said.epoch, said.revision):
            return None  # something newer, which the stream brings
        if feedback.status is not FeedbackStatus.ACTIVE:
            return None
        self._waited_s = 0.0  # it was asked for
        self._said = feedback
        self._holds_until = self._end_of(feedback)
        return self._note(feedback)

    def _heartbeat(self, heartbeat: Heartbeat) -> Feedback | None:
        said = self._said
        if heartbeat.status is not FeedbackStatus.ACTIVE:
            return self._withheld(heartbeat)
        if said is None or said.status is not FeedbackStatus.ACTIVE or not is_about(heartbeat, said):
            return None
        self._holds_until = self._end_of(heartbeat)
        self._said = replace(said, valid_until=heartbeat.valid_until, data_as_of=heartbeat.data_as_of)
        if self._is_over(self._said):
            return self._withdraw()
        return None if self.is_told_active else self._note(self._said)

    def _end_of(self, said: Feedback | Heartbeat) -> datetime | None:
        """Return until when, by the clock here, what is said now holds; None where it does not."""
        left_s = seconds_left(said, self._now.timestamp()) - self._waited_s
        return self._now + timedelta(seconds=left_s) if left_s > 0 else None

    def _is_over(self, said: Feedback) -> bool:
        """Whether advice has waited unread for as long as it held."""
        return self._waited_s > 0 and said.status is FeedbackStatus.ACTIVE and self._holds_until is None

    def _withheld(self, heartbeat: Heartbeat) -> Feedback | None:
        """Return the safe values under the caps that are in force now, unless they were told already."""
        said, noted = self._said, self._noted
        if said is None or noted is None or not is_about(heartbeat, said):
            return self._withdraw()
        if said.status is heartbeat.status:
            self._said = safe = confirmed(said, heartbeat)
        else:
            safe = replace(said, leverage_caps=heartbeat.leverage_caps).as_stale()
        return None if _leverages(safe) == _leverages(noted) and not self.is_told_active else self._note(safe)

    def _withdraw(self) -> Feedback | None:
        return self._note(self._said.as_stale()) if self._said is not None and self.is_told_active else None

    def _note(self, feedback: Feedback) -> Feedback:
        place = (feedback.epoch, feedback.revision)
        is_told_again, self._told_place = self._told_place == place, place
        self._noted = feedback
        # What is missing before it was told with it the first time.
        return replace(feedback, skipped_revisions=0, epoch_changed=False) if is_told_again else feedback


def _leverages(advice: Feedback) -> tuple[float, float | None]:
    return advice.leverage_hint, None if advice.current is None else advice.current.leverage_hint
