"""`strategic-memory watch`: the feedback as it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from strategic_memory_client.cli.bounded_wait import within
from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.each_change import EachChange
from strategic_memory_client.cli.event_lines import event_line
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.forward_clock import ForwardClock
from strategic_memory_client.cli.json_lines import delivered_feedback_json, event_json, json_line
from strategic_memory_client.cli.live_watch import watch_live
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.plain_numbers import Number, Whole
from strategic_memory_client.cli.standard_output import require_reader, write_line
from strategic_memory_client.cli.standing_advice import StandingAdvice
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.streams.arrivals import Arrivals, moment
from strategic_memory_client.streams.subscription_settings import Delivery, ResumePoint
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.events import Disconnected, FeedbackReceived, SubscriptionEvent
from strategic_memory_client.values.option_checks import LONGEST_HEARTBEAT_S, SHORTEST_HEARTBEAT_S
from strategic_memory_client.values.results import Feedback

_LONGEST_OUTAGE_S = 60.0
_LONGEST_FETCH_S = 5.0


@client_command(
    "strategic-memory watch",
    'strategic-memory watch --json | while read -r line; do notify "$line"; done',
    "strategic-memory watch --every --resume-after 41 --epoch 2f6c",
    "strategic-memory watch --events --heartbeat 1 --timeout 3600",
    default_timeout_s=_LONGEST_OUTAGE_S,
)
@click.option(
    "--resume-after",
    type=Whole(min=0),
    metavar="REVISION",
    help="Show what came after this revision, or else what stands, then what comes.",
)
@click.option("--epoch", default="", metavar="EPOCH", help="Epoch of --resume-after, as shown with the revision.")
@click.option(
    "--every",
    is_flag=True,
    help="Show every revision once, after --resume-after, or end with an error if one is missing.",
)
@click.option("--count", type=Whole(min=1), metavar="N", help="End after N lines.")
@click.option(
    "--heartbeat",
    type=Number(SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S),
    metavar="SECONDS",
    help="Longest silence to allow the server; it is left when three heartbeats are missing. [default: 15]",
)
@click.option("--lines", is_flag=True, help="Write lines on a terminal too.")
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run this program for each advice, one at a time and with the newest; see below for what it is told.",
)
@click.option("--events", is_flag=True, help="Show also heartbeats, changes of epoch and lost connections.")
@json_option
def watch(
    client: StrategicMemoryClient,
    *,
    resume_after: int | None,
    epoch: str,
    every: bool,
    count: int | None,
    heartbeat: float | None,
    events: bool,
    lines: bool,
    command: str | None,
    as_json: bool,
) -> ExitCode:
    """Show the feedback as it changes, across restarts.

    On a terminal it is a view that stays in place, with its reasons, for how long it holds, and what each regime has
    paid; elsewhere, and with --lines, --every, --events, --count or --exec, a line for each change.

    The program of --exec finds the feedback as one line of JSON on its standard input, and in its environment
    SM_PORTFOLIO (empty: the default one), SM_STATUS, SM_POLICY, SM_LEVERAGE, SM_CONFIDENCE, SM_PREFERRED_REGIME,
    SM_CURRENT_REGIME, SM_REVISION, SM_EPOCH and SM_VALID_UNTIL. Nothing else is written then. What comes while it runs
    waits for its end; of several, the newest alone is told.

    When the last one holds no more it is shown again as STALE, with the safe values, and once it is confirmed
    with those that it had. With --every each revision is shown once, as it was said at its time.

    Ends when no server could be reached for --timeout seconds, and then with exit code 3.
    """
    stream: Iterator[SubscriptionEvent] = client.stream_events(
        resume_after=_resume_point(resume_after, epoch),
        send_current=not every,
        delivery=Delivery.EVERY if every else Delivery.LATEST,
        heartbeat_interval_s=heartbeat,
        give_up_after_s=client.options.timeout_s,
    )
    as_json = writes_json(as_json)
    if not (as_json or lines or every or events or count or command):
        watch_live(client, stream)
        return ExitCode.OK
    if events and command:
        raise click.UsageError("--exec is run for advice: leave out --events")
    if command is None:
        stream = _while_it_is_read(stream)
    with _notifier(command) as notify:
        if events:
            found = _event_lines(stream, as_json=as_json)
        else:
            found = advice_lines(stream, None if every else client, notify, as_json=as_json)
        for number, line in enumerate(found, start=1):
            if command is None:
                write_line(line)
            if number == count:
                break
    return ExitCode.OK


@contextmanager
def _notifier(command: str | None) -> Iterator[Callable[[Feedback], None]]:
    """Give a function that has a program run, where there is one."""
    if command is None:
        yield lambda advice: None
        return
    try:
        each_change = EachChange(command, complain)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--exec") from None
    with each_change:
        yield each_change.notify


def _resume_point(revision: int | None, epoch: str) -> ResumePoint | None:
    if revision is None:
        if epoch:
            raise click.BadParameter("belongs to --resume-after, which is not given", param_hint="--epoch")
        return None
    try:
        return ResumePoint(revision, epoch)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--resume-after") from error


def _while_it_is_read(stream: Iterator[SubscriptionEvent]) -> Iterator[SubscriptionEvent]:
    for event in stream:
        require_reader()
        yield event


def _event_lines(stream: Iterator[SubscriptionEvent], *, as_json: bool) -> Iterator[str]:
    for event in stream:
        yield json_line(event_json(event)) if as_json else event_line(event)


def advice_lines(
    stream: Iterator[SubscriptionEvent],
    client: StrategicMemoryClient | None,
    notify: Callable[[Feedback], None],
    *,
    as_json: bool,
) -> Iterator[str]:
    """Yield a line for each advice to stand; without a client, for each revision and no more."""
    standing, clock, arrivals = StandingAdvice(), ForwardClock(), Arrivals()

    def told(advice: Feedback) -> str:
        notify(advice)
        return json_line(delivered_feedback_json(advice)) if as_json else event_line(FeedbackReceived(advice))

    def wait_s() -> float:
        look_s = arrivals.look(moment())
        return min(max(standing.left_s(clock.now()), 0.0), look_s) if standing.is_told_active else look_s

    is_known_to_be_lost = False
    for event in stream if client is None else within(stream, wait_s):
        if event is None:
            if (lapsed := standing.pass_time(clock.now())) is not None:
                yield told(lapsed)
            continue
        if isinstance(event, Disconnected) and not is_known_to_be_lost:
            complain(f"{event.error}; trying again")
        is_known_to_be_lost = isinstance(event, Disconnected)
        advice = event.feedback if isinstance(event, FeedbackReceived) else None
        if client is not None:
            advice = standing.take(event, clock.now(), arrivals.waited_s(moment()))
            if standing.is_withheld(event):
                advice = _fetch(standing, client)
        if advice is not None:
            yield told(advice)
        arrivals.wait()


def _fetch(standing: StandingAdvice, client: StrategicMemoryClient) -> Feedback | None:
    try:
        return standing.fetched(client.get_feedback(timeout_s=_LONGEST_FETCH_S))
    except StrategicMemoryError:
        return None  # the next heartbeat asks for it again
