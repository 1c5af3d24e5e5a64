"""ClientHistory: what a subscription of the client library hands out, as the history of one subscriber.

The library goes on across servers by itself, so its streams are joined here: one lasts until the library says that
something is missing (another epoch, or a resume point that is refused).
"""

from __future__ import annotations

from chaos.client_values import feedback_of_client
from history.event_budget import EventBudget
from history.model import Delivery, End, FeedbackMessage, Opening, Position, Stream, Subscriber
from history.observer_clock import ObserverClock

from strategic_memory_client import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    ResumePointError,
    StrategicMemoryError,
    SubscriptionEvent,
)


class ClientHistory:
    """State of one recording; it may be filled by a thread.

    Args:
        name: for messages; stands for the address of a server too.
        delivery: what was asked for.
        clock: tells the time of every event.
        budget: bounds what is held.
    """

    def __init__(self, name: str, delivery: Delivery, clock: ObserverClock, budget: EventBudget) -> None:
        self.position: Position | None = None
        """The last place that it has come to in an epoch."""
        self.is_open = False
        """Whether the last event was a message."""
        self.disconnections = 0
        self._name = name
        self._delivery = delivery
        self._clock = clock
        self._budget = budget
        self._streams: list[Stream] = []
        self._attempted_ms = clock.now_ms()
        self._opening = self._open()
        self._messages: list[FeedbackMessage] = []

    def take(self, event: SubscriptionEvent) -> None:
        """Take over an event.

        Raises:
            HistoryTooLongError: there is no room for it.
        """
        self._budget.spend()
        match event:
            case FeedbackReceived(feedback, skipped):
                here = feedback_of_client(feedback)
                self._messages.append(FeedbackMessage(self._clock.now_ms(), here, skipped, feedback.portfolio))
                if here.position.epoch:
                    self.position = here.position
                self.is_open = True
            case HeartbeatReceived():
                self.is_open = True
            case EpochChanged():
                self._begin_again(End(self._clock.now_ms(), "EPOCH_CHANGED", by_observer=True))
            case Disconnected(_, _, retry_in_s):
                self.is_open = False
                self.disconnections += 1
                self._attempted_ms = self._clock.now_ms() + retry_in_s * 1_000

    def ended(self, error: StrategicMemoryError) -> None:
        """Take over the error that ended the subscription; another one is begun without a resume point.

        A refused resume point is the library's documented word for what is missing, and any other error is none.
        """
        self.is_open = False
        refused = isinstance(error, ResumePointError)
        now_ms = self._attempted_ms = self._clock.now_ms()
        self._begin_again(End(now_ms, type(error).__name__, str(error), by_observer=refused))

    def recorded(self) -> Subscriber:
        """Return everything so far."""
        return Subscriber(self._name, (*self._streams, Stream(self._opening, tuple(self._messages))))

    def _begin_again(self, end: End) -> None:
        self._streams.append(Stream(self._opening, tuple(self._messages), end))
        self._opening, self._messages = self._open(), []

    def _open(self) -> Opening:
        return Opening(self._name, self._attempted_ms, self._delivery, None)
