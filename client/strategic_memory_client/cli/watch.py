"""`strategic-memory watch`: the feedback as it changes."""

from __future__ import annotations

from collections.abc import Iterator

import click

from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.event_lines import event_line
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import delivered_feedback_json, event_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import require_reader, write_line
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.events import Disconnected, FeedbackReceived, SubscriptionEvent
from strategic_memory_client.options import LONGEST_HEARTBEAT_S, SHORTEST_HEARTBEAT_S
from strategic_memory_client.subscription_settings import Delivery, ResumePoint

_LONGEST_OUTAGE_S = 60.0


@client_command(
    "strategic-memory watch",
    'strategic-memory watch --json | while read -r line; do notify "$line"; done',
    "strategic-memory watch --every --resume-after 41 --epoch 2f6c",
    "strategic-memory watch --events --heartbeat 1 --timeout 3600",
    default_timeout_s=_LONGEST_OUTAGE_S,
)
@click.option(
    "--resume-after",
    type=click.IntRange(min=0),
    metavar="REVISION",
    help="Show what came after this revision, then what comes.",
)
@click.option("--epoch", default="", metavar="EPOCH", help="Epoch of --resume-after, as shown with the revision.")
@click.option("--every", is_flag=True, help="Show every revision, or end with an error if one is missing.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N lines.")
@click.option(
    "--heartbeat",
    type=click.FloatRange(SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S),
    metavar="SECONDS",
    help="Longest silence to allow the server; it is left when three heartbeats are missing. [default: 15]",
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
    as_json: bool,
) -> ExitCode:
    """Show the feedback as it changes, across restarts of the service.

    Ends when no server could be reached for --timeout seconds, and then with exit code 3.
    """
    stream = client.stream_events(
        resume_after=_resume_point(resume_after, epoch),
        delivery=Delivery.EVERY if every else Delivery.LATEST,
        heartbeat_interval_s=heartbeat,
        give_up_after_s=client.options.timeout_s,
    )
    for number, line in enumerate(_lines(stream, every_event=events, as_json=writes_json(as_json)), start=1):
        write_line(line)
        if number == count:
            break
    return ExitCode.OK


def _resume_point(revision: int | None, epoch: str) -> ResumePoint | None:
    if revision is None:
        if epoch:
            raise click.BadParameter("belongs to --resume-after, which is not given", param_hint="--epoch")
        return None
    try:
        return ResumePoint(revision, epoch)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--resume-after") from error


def _lines(stream: Iterator[SubscriptionEvent], *, every_event: bool, as_json: bool) -> Iterator[str]:
    is_known_to_be_lost = False
    for event in stream:
        require_reader()
        if every_event:
            yield json_line(event_json(event)) if as_json else event_line(event)
        elif isinstance(event, FeedbackReceived):
            yield json_line(delivered_feedback_json(event.feedback)) if as_json else event_line(event)
        elif isinstance(event, Disconnected) and not is_known_to_be_lost:
            complain(f"{event.error}; trying again")
        is_known_to_be_lost = isinstance(event, Disconnected)
