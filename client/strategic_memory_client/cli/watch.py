"""`strategic-memory watch`: the feedback as it changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from strategic_memory_client.cli.client_command import complain
from strategic_memory_client.cli.event_lines import event_line
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import delivered_feedback_json, event_json, json_line
from strategic_memory_client.cli.output_format import AsJson, writes_json
from strategic_memory_client.cli.standard_output import require_reader, write_line
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.events import Disconnected, FeedbackReceived, SubscriptionEvent
from strategic_memory_client.options import LONGEST_HEARTBEAT_S, SHORTEST_HEARTBEAT_S
from strategic_memory_client.subscription_settings import Delivery, ResumePoint


def watch(
    client: StrategicMemoryClient,
    *,
    resume_after: Annotated[
        int | None,
        typer.Option(min=0, metavar="REVISION", help="Show what came after this revision, then what comes."),
    ] = None,
    epoch: Annotated[
        str, typer.Option(metavar="EPOCH", help="Epoch of --resume-after, as shown with the revision.")
    ] = "",
    every: Annotated[
        bool, typer.Option("--every", help="Show every revision, or end with an error if one is missing.")
    ] = False,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after N lines.")] = None,
    heartbeat: Annotated[
        float | None,
        typer.Option(
            min=SHORTEST_HEARTBEAT_S,
            max=LONGEST_HEARTBEAT_S,
            metavar="SECONDS",
            help="Longest silence to allow the server; it is left when three heartbeats are missing.",
            show_default="15",
        ),
    ] = None,
    events: Annotated[
        bool, typer.Option("--events", help="Show also heartbeats, changes of epoch and lost connections.")
    ] = False,
    json: AsJson = False,
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
    as_json = writes_json(json)
    for number, line in enumerate(_lines(stream, every_event=events, as_json=as_json), start=1):
        write_line(line)
        if number == count:
            break
    return ExitCode.OK


def _resume_point(revision: int | None, epoch: str) -> ResumePoint | None:
    if revision is None:
        if epoch:
            raise typer.BadParameter("belongs to --resume-after, which is not given", param_hint="--epoch")
        return None
    try:
        return ResumePoint(revision, epoch)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--resume-after") from error


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
