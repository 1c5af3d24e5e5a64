"""A subscription that survives restarts, as a state machine: no loop, no socket, no clock, no dice.

Whoever drives it opens the stream that `connect` describes, hands every message to `received` and the end of
the stream to `failed`, waits for as long as that says, and starts over. What comes out are events in which no
revision comes twice, none is left out unseen, and a change of epoch is never passed over.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint, SubscriptionSettings
from strategic_memory_client.values.errors import (
    AccessDeniedError,
    ResourceExhaustedError,
    ResumePointError,
    RevisionGapError,
    ServiceUnavailableError,
    StrategicMemoryError,
    UnsupportedOperationError,
)
from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback

_REMEMBERED_EPOCHS = 16

_LONGEST_ASKED_WAIT_S = 60.0
"""A server that is full for longer may have room again before it says so."""


class Subscription:
    """The state of one subscription. Times are seconds on any clock that never goes back."""

    def __init__(self, settings: SubscriptionSettings, source: random.Random) -> None:
        self._settings = settings
        self._source = source
        self._position = settings.resume_after
        self._position_was_received = False
        self._start_afresh = False
        self._newest_handed_out: OrderedDict[str, int] = OrderedDict()
        self._valid_until: datetime | None = None
        self._address_index = 0
        self._attempts = 0
        self._failures = 0
        self._refusals_for_being_behind = 0
        self._behind_since_s = 0.0
        self._is_first_message = True
        self._asked_to_resume_after: ResumePoint | None = None
        self._connected_at_s = 0.0
        self._out_of_reach_since_s = 0.0
        self._received_from_server = False
        self._ever_received = False
        self._asked_to_wait_until_s: dict[str, float] = {}
        self._do_not_know_it: set[str] = set()

    @property
    def position(self) -> ResumePoint | None:
        """The last place known in the log; None before the first feedback."""
        return self._position

    @property
    def address(self) -> str:
        """Address of the server that is connected to now, or next."""
        return self._settings.addresses[self._address_index]

    @property
    def silence_timeout_s(self) -> float:
        """Seconds to wait for one message before the server is taken for gone."""
        return self._settings.silence_timeout_s

    def connect(self, now_s: float) -> StreamAttempt:
        """Return the stream to open now."""
        self._connected_at_s = now_s
        if self._attempts == 0:
            self._out_of_reach_since_s = now_s
        self._attempts += 1
        self._is_first_message = True
        afresh = self._start_afresh or self._settings.always_afresh
        self._asked_to_resume_after = None if afresh else self._position
        return StreamAttempt(
            address=self.address,
            resume_after=self._asked_to_resume_after,
            delivery=self._settings.delivery,
            heartbeat_interval_s=self._settings.heartbeat_interval_s,
            send_current=self._lacks_current,
            portfolio=self._settings.portfolio,
        )

    @property
    def _lacks_current(self) -> bool:
        """Whether the feedback of the resume point itself is wanted, and has yet to come."""
        return self._settings.send_current and not self._newest_handed_out

    def received(self, message: Feedback | Heartbeat | None) -> tuple[SubscriptionEvent, ...]:
        """Return what a message of the stream means; None is a message of a kind that is not known here.

        Raises ResumePointError or RevisionGapError when every revision was asked for and one is missing, and
        ServiceUnavailableError when the server is behind what is known, and there are others to turn to.
        """
        self._received_from_server = self._ever_received = True
        if self._asked_to_resume_after is not None:
            self._refusals_for_being_behind = 0  # this server is not behind
        match message:
            case Feedback():
                return self._feedback(message)
            case Heartbeat():
                if self._position is not None and message.epoch == self._position.epoch:
                    self._valid_until = message.valid_until
                return (HeartbeatReceived(message),)
            case None:
                return ()

    def failed(self, error: StrategicMemoryError, now_s: float) -> Disconnected:
        """Take the end of the stream; return how it goes on. Raises `error` when there is no point in it."""
        if self._gives_up_on(error, now_s):
            raise error
        lost = self.address
        lived_s = now_s - self._connected_at_s
        if self._received_from_server and lived_s >= self._settings.backoff.max_s:
            self._failures = 0  # a new trouble, not more of the last one
        rounds = self._failures // len(self._settings.addresses)
        delay_s = self._settings.backoff.delay_s(rounds, self._source)
        self._failures += 1
        if isinstance(error, ResourceExhaustedError) and error.retry_after_s is not None:
            # A little more by lot: not all who were refused shall come back at once.
            wait_s = min(error.retry_after_s, _LONGEST_ASKED_WAIT_S) * self._source.uniform(1.0, 1.25)
            self._asked_to_wait_until_s[lost] = now_s + wait_s
        self._address_index = (self._address_index + 1) % len(self._settings.addresses)
        delay_s = max(delay_s, self._asked_to_wait_until_s.get(self.address, now_s) - now_s)
        if self._received_from_server:
            self._out_of_reach_since_s = now_s
            self._received_from_server = False
        patience_s = self._settings.give_up_after_s
        if patience_s is not None and now_s + delay_s - self._out_of_reach_since_s > patience_s:
            raise error
        return Disconnected(address=lost, error=error, retry_in_s=delay_s)

    def _gives_up_on(self, error: StrategicMemoryError, now_s: float) -> bool:
        if isinstance(error, ResumePointError):
            return not self._can_go_on_after(error, now_s)
        # What has worked once is refused by a proxy on the way, or for a time: a route that is being changed.
        may_pass = self._ever_received and isinstance(error, AccessDeniedError | UnsupportedOperationError)
        if isinstance(error, UnsupportedOperationError):
            # While a service is upgraded, one server does not know yet what another does.
            self._do_not_know_it.add(self.address)
            may_pass = may_pass or not self._do_not_know_it.issuperset(self._settings.addresses)
        return not (error.transient or may_pass or self._settings.retry_refusals)

    def _can_go_on_after(self, refusal: ResumePointError, now_s: float) -> bool:
        if self._may_catch_up(refusal, now_s):
            return True
        if self._settings.delivery is Delivery.EVERY and self._position is not None:
            return False
        if refusal.reason == "REVISION_IN_FUTURE" and not self._position_was_received:
            self._position = None  # it was never a place in this log, so nothing can be told from it
        self._start_afresh = True
        return True

    def _may_catch_up(self, refusal: ResumePointError, now_s: float) -> bool:
        """Tell whether the server is merely behind, and there is still time for it, or another one, to be level.

        What one replica has sent, another may be about to read: that is no loss yet.
        """
        if not self._is_behind(refusal):
            return False
        if self._refusals_for_being_behind == 0:
            self._behind_since_s = now_s
        self._refusals_for_being_behind += 1
        all_were_asked = self._refusals_for_being_behind > len(self._settings.addresses)
        return not all_were_asked or now_s - self._behind_since_s < self._settings.catch_up_s

    def _is_behind(self, refusal: ResumePointError) -> bool:
        position = self._position
        if position is None:
            return False
        if refusal.reason == "EPOCH_CHANGED":
            return refusal.epoch != position.epoch and refusal.epoch in self._newest_handed_out
        # Without its epoch, a place that was merely given may never have been one of this log.
        is_of_this_log = self._position_was_received or bool(position.epoch)
        is_in_future = refusal.reason == "REVISION_IN_FUTURE"
        return is_in_future and is_of_this_log and not _differ(position.epoch, refusal.epoch)

    def _feedback(self, feedback: Feedback) -> tuple[SubscriptionEvent, ...]:
        before = self._position
        is_first, self._is_first_message = self._is_first_message, False
        if self._is_double(feedback, before):
            if is_first:
                self._leave_if_behind(feedback, before)
            return ()
        epoch_changed = before is not None and _differ(before.epoch, feedback.epoch)
        if self._settings.delivery is Delivery.EVERY:
            self._require_next(feedback, before, epoch_changed=epoch_changed)
        skipped = self._skipped(feedback, before, epoch_changed=epoch_changed)
        self._remember(feedback)
        new = replace(feedback, skipped_revisions=skipped, epoch_changed=epoch_changed)
        received = FeedbackReceived(new, skipped)
        if before is None or not epoch_changed:
            return (received,)
        return (EpochChanged(before.epoch, before.revision, feedback.epoch, feedback.revision), received)

    def _skipped(self, feedback: Feedback, before: ResumePoint | None, *, epoch_changed: bool) -> int:
        if before is None or epoch_changed or not feedback.epoch:
            return feedback.skipped_revisions
        if before.revision == 0 and not self._start_afresh:
            # Nothing was published yet. Where the first revision of an epoch is, the server alone knows.
            return feedback.skipped_revisions
        return max(0, feedback.revision - before.revision - 1)

    def _leave_if_behind(self, feedback: Feedback, before: ResumePoint | None) -> None:
        """Raise ServiceUnavailableError for a server that starts with what is long known, if there are others."""
        newest_known = self._newest_handed_out.get(feedback.epoch, -1)
        is_unread = before is not None and bool(before.epoch) and not feedback.epoch
        is_left = before is not None and _differ(before.epoch, feedback.epoch)
        if len(self._settings.addresses) > 1 and (is_unread or is_left or feedback.revision < newest_known):
            raise ServiceUnavailableError(
                f"the service at {self.address} is behind: it is at revision {feedback.revision} of "
                f"{feedback.epoch or 'no epoch yet'}; look whether it reaches Redis",
                reason="BEHIND",
                address=self.address,
            )

    def _is_double(self, feedback: Feedback, before: ResumePoint | None) -> bool:
        # A replica that lags behind may lead back into an epoch that was left: nothing of it may come again.
        newest_known = self._newest_handed_out.get(feedback.epoch, -1)
        if before is not None and not _differ(before.epoch, feedback.epoch):
            newest_known = max(newest_known, before.revision - 1 if self._lacks_current else before.revision)
        if self._settings.always_afresh and not self._is_of_the_past(feedback, before):
            return feedback.revision < newest_known
        return feedback.revision <= newest_known

    def _is_of_the_past(self, feedback: Feedback, before: ResumePoint | None) -> bool:
        """Tell whether an epoch that was left is vouched for by a server that has seen no later sync."""
        if before is None or not _differ(before.epoch, feedback.epoch):
            return False
        return not _is_later(feedback.valid_until, self._valid_until)

    def _require_next(self, feedback: Feedback, before: ResumePoint | None, *, epoch_changed: bool) -> None:
        if before is None:
            return
        if before.revision > 0 and epoch_changed:
            raise ResumePointError(
                f"the epoch changed from {before.epoch} to {feedback.epoch} in the middle of a stream: what "
                f"came after revision {before.revision} is lost; start without a resume point",
                reason="EPOCH_CHANGED",
                current=feedback.revision,
                epoch=feedback.epoch,
                address=self.address,
            )
        if before.revision == 0:
            return  # nothing was published before; where the first revision of an epoch is, the server alone knows
        if feedback.revision == before.revision:
            return  # the feedback of the resume point itself, which was asked for
        expected = before.revision + 1
        if feedback.revision != expected:
            raise RevisionGapError(
                f"revision {expected} should have come from {self.address}, but {feedback.revision} came: resume "
                f"after {before.revision}, and look into that server's log",
                expected=expected,
                received=feedback.revision,
                address=self.address,
            )

    def _remember(self, feedback: Feedback) -> None:
        self._newest_handed_out[feedback.epoch] = feedback.revision
        self._newest_handed_out.move_to_end(feedback.epoch)
        if len(self._newest_handed_out) > _REMEMBERED_EPOCHS:
            self._newest_handed_out.popitem(last=False)
        if feedback.epoch:  # without an epoch, a revision is no place to resume from
            self._position = ResumePoint(feedback.revision, feedback.epoch)
            self._position_was_received = True
        self._start_afresh = False
        self._refusals_for_being_behind = 0
        self._valid_until = feedback.valid_until


def _differ(one_epoch: str, other_epoch: str) -> bool:
    """Tell whether two epochs are known to be different logs; an empty one is not known."""
    return bool(one_epoch and other_epoch) and one_epoch != other_epoch


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether the first time is later; no time at all is the earliest."""
    return one is not None and (other is None or one > other)
