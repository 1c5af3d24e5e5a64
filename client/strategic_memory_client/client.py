"""The client for programs that block. It needs no event loop, and several threads may share one."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from strategic_memory_client import transports
from strategic_memory_client.streams.arrivals import in_steps
from strategic_memory_client.streams.shown import CLOSED
from strategic_memory_client.streams.subscription_settings import (
    Delivery,
    ResumePoint,
    SubscriptionSettings,
    streaming_settings,
)
from strategic_memory_client.transports.iterations import FeedbackStream
from strategic_memory_client.transports.rooted import Rooted
from strategic_memory_client.values.events import FeedbackReceived, SubscriptionEvent
from strategic_memory_client.values.health import ServiceHealth
from strategic_memory_client.values.option_checks import checked_addresses, checked_seconds
from strategic_memory_client.values.options import DEFAULT_ADDRESS, ClientOptions, checked_options
from strategic_memory_client.values.portfolios import PortfolioState
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import Feedback

if TYPE_CHECKING:
    from strategic_memory_client.transports.synchronous.admin import SyncAdmin
    from strategic_memory_client.values.analysis import AnalysisResult
    from strategic_memory_client.values.analysis_request import AnalysisSettings, InlineMemory


class StrategicMemoryClient(Rooted):
    """Reads advice from the service. Close it when done, best with `with`; it connects when it is used.

    A method raises a `StrategicMemoryError` when it cannot do its work; `newest` and `close` never raise.
    """

    def __init__(
        self,
        address: str | Sequence[str] = DEFAULT_ADDRESS,
        *,
        portfolio: str | None = None,
        options: ClientOptions | None = None,
    ) -> None:
        """Take one `host:port`, or several servers of the same service to be tried in turn.

        `portfolio`: the one of its portfolios that everything is about, in place of that of the options.

        Raises ValueError for what is not an address, or where a token would travel in the open; OSError when a file
        of the options cannot be read.
        """
        self._addresses = checked_addresses(address)
        self._options = checked_options(options)
        if portfolio is not None:
            self._options = replace(self._options, portfolio=portfolio)
        self._service = transports.SyncService(self._addresses, self._options)
        self._transport, self._follower = self._service.transport, self._service.follower
        self._newest = self._follower.newest
        # Closes when the client is dropped without being closed, and at the end of the interpreter.
        self._close_when_dropped = weakref.finalize(self, self._transport.close_dropped)

    @property
    def options(self) -> ClientOptions:
        """The settings of this client."""
        return self._options

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._transport.closing.is_set()

    @property
    def newest(self) -> Feedback:
        """What may be acted upon now, after `follow()`: never waits, never raises, costs about 150 ns.

        WARMING_UP until something arrived; STALE with the safe values once its validity is over, the server was
        silent for too long, or the client was closed.
        """
        held = self._newest.held
        return held.advised if time() < held.good_until_s and monotonic() < held.steady_until_s else held.safe

    def follow(self) -> None:
        """Keep `newest` up to date from now on, in a daemon thread. Raises ClientClosedError."""
        self._follower.start()

    def wait_for_newest(self, timeout_s: float | None = None) -> Feedback:
        """Return `newest` once something arrived, the client is closed, or the timeout is over (None: the option's)."""
        with self._transport.readers.waiting():
            for step_s in in_steps(self._timeout_s(timeout_s)):
                if self._follower.has_received.wait(step_s):
                    break
        return self.newest

    def get_feedback(self, *, timeout_s: float | None = None) -> Feedback:
        """Return the feedback in force. `timeout_s`: seconds for all servers together; None: the option's."""
        return self._service.get_feedback(self._timeout_s(timeout_s))

    def get_problems(self, *, timeout_s: float | None = None) -> tuple[Problem, ...]:
        """Return what a server has to tell its operator just now, the oldest first; `timeout_s` as for the feedback."""
        return self._service.get_problems(self._timeout_s(timeout_s))

    def list_portfolios(self, *, timeout_s: float | None = None) -> tuple[PortfolioState, ...]:
        """Return the portfolios of the service by name, the default one first, as a server knows them."""
        return self._service.list_portfolios(self._timeout_s(timeout_s))

    def analyze(
        self,
        memory: InlineMemory | None = None,
        *,
        settings: AnalysisSettings | None = None,
        timeout_s: float | None = None,
    ) -> AnalysisResult:
        """Return what the service's memory, or `memory` instead, says under `settings`. Publishes nothing."""
        return self._service.analyze(memory, settings, self._timeout_s(timeout_s))

    def check_health(self, *, timeout_s: float | None = None) -> ServiceHealth:
        """Return whether the first server that answers is serving."""
        return self._service.check_health(self._timeout_s(timeout_s))

    @property
    def admin(self) -> SyncAdmin:
        """The calls of an operator: overrides of the advice."""
        return transports.SyncAdmin(self._transport, self._timeout_s)

    def stream_feedback(
        self,
        *,
        resume_after: ResumePoint | None = None,
        send_current: bool = False,
        delivery: Delivery = Delivery.LATEST,
        heartbeat_interval_s: float | None = None,
        give_up_after_s: float | None = None,
    ) -> Generator[Feedback]:
        """Yield the feedback as it changes, each revision once, across restarts of the service.

        Starts with the feedback in force, or with what came after `resume_after`; with `send_current`, for a program
        that was started again, with the feedback of the resume point itself where nothing came after it. Its
        `skipped_revisions` and `epoch_changed` say what is missing before it; with `Delivery.EVERY` nothing may be
        missing, and ResumePointError is raised instead. `give_up_after_s`: seconds without any server after which
        the last error is raised; None: never. Ends when the client is closed.
        """
        events = self.stream_events(
            resume_after=resume_after,
            send_current=send_current,
            delivery=delivery,
            heartbeat_interval_s=heartbeat_interval_s,
            give_up_after_s=give_up_after_s,
        )
        return FeedbackStream(_feedback_of(events), self._transport)

    def stream_events(
        self,
        *,
        resume_after: ResumePoint | None = None,
        send_current: bool = False,
        delivery: Delivery = Delivery.LATEST,
        heartbeat_interval_s: float | None = None,
        give_up_after_s: float | None = None,
    ) -> Generator[SubscriptionEvent]:
        """Yield everything that happens to a subscription; the arguments are those of `stream_feedback`."""
        settings = streaming_settings(
            self._addresses,
            self._options,
            resume_after=resume_after,
            send_current=send_current,
            delivery=delivery,
            heartbeat_interval_s=heartbeat_interval_s,
            give_up_after_s=give_up_after_s,
        )
        self._transport.require_open()
        return FeedbackStream(self._events(settings), self._transport)

    def close(self) -> None:
        """End everything that is under way, in every thread, and disconnect. Any number of times."""
        self._close_when_dropped.detach()
        self._transport.close()
        self._newest.mute(CLOSED)
        self._follower.has_received.set()  # nothing more will come

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _events(self, settings: SubscriptionSettings) -> Generator[SubscriptionEvent]:
        # As a generator of this object it keeps the client, and so its connections, for as long as it runs.
        yield from self._service.events(settings)

    def _timeout_s(self, timeout_s: float | None) -> float:
        return self._options.timeout_s if timeout_s is None else checked_seconds("timeout_s", timeout_s)


def _feedback_of(events: Generator[SubscriptionEvent]) -> Generator[Feedback]:
    with closing(events):
        for event in events:
            if isinstance(event, FeedbackReceived):
                yield event.feedback
