"""Shows the live view on a terminal: one thread listens, one asks for an analysis now and then, this one draws."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live

from strategic_memory_client.cli.forward_clock import ForwardClock
from strategic_memory_client.cli.live_state import KEPT, LiveState
from strategic_memory_client.cli.live_view import live_view
from strategic_memory_client.cli.past_revisions import revisions_from
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.streams.arrivals import Arrivals, moment
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import SubscriptionEvent
from strategic_memory_client.values.results import Feedback, FeedbackStatus

DRAWN_S = 0.25
"""Time between two pictures, seconds."""

ANALYSED_S = 5.0
"""Time between two analyses, seconds."""

_LONGEST_CALL_S = 5.0


class Ear:
    """Takes what happens to a subscription, in a thread of its own."""

    def __init__(self, client: StrategicMemoryClient, stream: Iterator[SubscriptionEvent]) -> None:
        self.state = LiveState()
        self.clock = ForwardClock()
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.failure: BaseException | None = None
        self._client = client
        self._stream = stream
        self._arrivals = Arrivals()

    def look(self) -> None:
        """Take again and again that the program runs: to draw may last for as long as a terminal takes nothing."""
        while not self.is_over.wait(self._arrivals.look(moment())):
            pass

    def listen(self) -> None:
        """Take events until there are no more."""
        try:
            for event in self._stream:
                with self.lock:
                    self.state.take(event, self.clock.now(), self._arrivals.waited_s(moment()))
                    is_withheld = self.state.standing.is_withheld(event)
                if is_withheld:
                    self._fetch()
                self._arrivals.wait()
        except BaseException as error:  # noqa: BLE001 - it is raised where the view ends
            self.failure = error
        self.is_over.set()

    def recall(self) -> None:
        """Ask once what was advised before, as far as the log reaches; a service that does not tell is left alone."""
        while not self.is_over.wait(DRAWN_S):
            if (first := self.state.first) is None:
                continue
            past: list[Feedback] = []
            with contextlib.suppress(StrategicMemoryError):
                # What was read before a revision was trimmed stays in it.
                past.extend(revisions_from(self._client, max(first.revision - KEPT, 1)))
            with self.lock:
                self.state.recall(past)
            return

    def analyse(self) -> None:
        """Ask for an analysis now and then; a service that gives none is left alone."""
        while not self.is_over.is_set():
            try:
                analysis = self._client.analyze(timeout_s=_LONGEST_CALL_S).analysis
            except StrategicMemoryError:
                analysis = None
            with self.lock:
                self.state.analysis = analysis or self.state.analysis
            self.is_over.wait(ANALYSED_S)

    def _fetch(self) -> None:
        asked = moment()
        try:
            fetched = self._client.get_feedback(timeout_s=_LONGEST_CALL_S)
        except StrategicMemoryError:
            return  # the next heartbeat asks for it again
        finally:
            self._arrivals.away(asked, moment())
        with self.lock:
            if (advice := self.state.standing.fetched(fetched)) is not None:
                self.state.show(advice)


def watch_live(client: StrategicMemoryClient, stream: Iterator[SubscriptionEvent]) -> FeedbackStatus | None:
    """Draw until Ctrl-C or until the subscription ends; return the status that stood last.

    Raises:
        StrategicMemoryError: why the subscription has ended.
        KeyboardInterrupt: Ctrl-C, or the process was asked to end.
    """
    ear, console = Ear(client, stream), Console()
    # The terminal is to be left as it was found, whatever ends this.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    for work in (ear.look, ear.listen, ear.recall, ear.analyse):
        threading.Thread(target=work, daemon=True).start()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while not ear.is_over.wait(DRAWN_S):
                _draw(ear, console, live)
        finally:
            _draw(ear, console, live)
    if ear.failure is not None:
        raise ear.failure
    return None if ear.state.advice is None else ear.state.advice.status


def _draw(ear: Ear, console: Console, live: Live) -> None:
    with ear.lock:
        view = live_view(ear.state, ear.clock.now(), console.width, console.height)
    live.update(view, refresh=True)
