"""`strategic-memory history`: what was advised, revision by revision, as far back as the log reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import dropwhile, takewhile

import click

from strategic_memory_client.cli.client_command import client_command
from strategic_memory_client.cli.event_lines import advice_line
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.past_revisions import revisions_from
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.text import moment_alone
from strategic_memory_client.cli.times import MOMENT_SYNTAX, parse_moment
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.results import Feedback

_BOUND = f"REVISION|{MOMENT_SYNTAX}"


class _Bound(click.ParamType):  # type: ignore[type-arg]  # Of old versions it is not generic.
    """A revision, or a moment."""

    name = "bound"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | datetime:
        if isinstance(value, int | datetime):
            return value
        text = str(value)
        if text.isdecimal():
            return int(text)
        try:
            return parse_moment(text)
        except ValueError as error:
            self.fail(f"{error}, or a revision", param, ctx)


@client_command(
    "strategic-memory history",
    "strategic-memory history --from 400 --to 420",
    "strategic-memory history --from 2026-01-05T09:30:00Z --json | jq -r .leverage_hint",
)
@click.option("--from", "first", type=_Bound(), metavar=_BOUND, help="Begin with this revision, or at this moment.")
@click.option("--to", "last", type=_Bound(), metavar=_BOUND, help="End with this revision, or at this moment.")
@json_option
def history(
    client: StrategicMemoryClient, *, first: int | datetime | None, last: int | datetime | None, as_json: bool
) -> ExitCode:
    """Show what was advised, oldest first.

    Each revision of the present epoch that the log still holds. A revision is shown as it was said at its time; the
    last one may have turned stale since.
    """
    for kind in (int, datetime):
        if isinstance(first, kind) and isinstance(last, kind) and first > last:  # type: ignore[operator]
            raise click.BadParameter("lies before --from", param_hint="--to")
    as_json = writes_json(as_json)
    is_empty = True
    for feedback in _between(client, first, last):
        is_empty = False
        if as_json:
            write_line(json_line(feedback_json(feedback)))
        else:
            write_line(f"{moment_alone(feedback.timestamp)}  {advice_line(feedback)}")
    if is_empty:
        asked = "" if first is None and last is None else " there"
        click.echo(f"The log holds no revision{asked}: nothing was advised yet, or it was trimmed.", err=True)
    return ExitCode.OK


def _between(
    client: StrategicMemoryClient, first: int | datetime | None, last: int | datetime | None
) -> Iterator[Feedback]:
    found = revisions_from(client, max(first, 1) if isinstance(first, int) else 1)
    if isinstance(first, datetime):
        found = dropwhile(_before(first), found)
    if isinstance(last, datetime):
        return takewhile(lambda feedback: _said(feedback) <= last, found)
    return found if last is None else takewhile(lambda feedback: feedback.revision <= last, found)


def _before(moment: datetime) -> Callable[[Feedback], bool]:
    return lambda feedback: _said(feedback) < moment


def _said(feedback: Feedback) -> datetime:
    return feedback.timestamp or datetime.min.replace(tzinfo=UTC)
