"""`strategic-memory explain`: one feedback with each rule, its numbers, and what it came from."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.feedback_table import print_feedback
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.past_revisions import NotRetainedError, revision_at
from strategic_memory_client.cli.plain_numbers import Whole
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.text import NOT_KNOWN, number, plain
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.analysis import Analysis
from strategic_memory_client.values.analysis_request import AnalysisSettings
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.results import Feedback, Reason


@client_command("strategic-memory explain", "strategic-memory explain 412 --json | jq .feedback.reasons")
@click.argument("revision", type=Whole(min=1), required=False)
@json_option
def explain(client: StrategicMemoryClient, *, revision: int | None, as_json: bool) -> ExitCode:
    """Show a feedback with its rules, numbers and inputs.

    Each rule with the numbers that it compared, and the inputs that these came from. Without REVISION it is the one in
    force; an earlier one is shown as it was said, beside the one in force. Inputs are those that the streams still hold
    of that time.
    """
    try:
        feedback = None if revision is None else revision_at(client, revision)
    except NotRetainedError as error:
        raise click.BadParameter(str(error), param_hint="REVISION") from None
    in_force = client.get_feedback()
    feedback = feedback or in_force
    analysis = _came_from(client, feedback)
    if writes_json(as_json):
        sources = () if analysis is None else analysis.sources
        holds = {"epoch": in_force.epoch, "revision": in_force.revision, "status": in_force.status}
        write_line(json_line({"feedback": feedback_json(feedback), "in_force": holds, "sources": sources}))
        return ExitCode.OK
    print_feedback(feedback, in_force=in_force)
    console = Console()
    console.print(_rules(feedback.reasons))
    if analysis is not None:
        console.print(_sources(analysis))
    return ExitCode.OK


def _came_from(client: StrategicMemoryClient, feedback: Feedback) -> Analysis | None:
    """Return an analysis as of the newest entry that the feedback has seen; None where the service gives none."""
    try:
        return client.analyze(settings=AnalysisSettings(as_of=feedback.data_as_of)).analysis
    except StrategicMemoryError as error:
        complain(f"what it came from is not known: {error}")
        return None


def _rules(reasons: Sequence[Reason]) -> Table:
    table = Table(
        title="Rules, in the order in which they were applied", title_justify="left", box=None, pad_edge=False
    )
    for heading in ("rule", "compared", "value", "", "threshold", "holds"):
        table.add_column(heading)
    for reason in reasons:
        for place, each in enumerate(reason.comparisons or (None,)):
            rule = Text(plain(reason.code) if place == 0 else "")
            if each is None:
                table.add_row(rule, NOT_KNOWN)
            else:
                holds = Text("yes", "green") if each.holds else Text("no", "red")
                compared, operator = Text(plain(each.measurement)), Text(plain(each.operator))
                table.add_row(rule, compared, number(each.value), operator, number(each.threshold), holds)
    return table


def _sources(analysis: Analysis) -> Table:
    table = Table(title="Inputs", title_justify="left", box=None, pad_edge=False)
    for heading in ("input", "used", "refused", "noted"):
        table.add_column(heading, overflow="fold")
    for source in analysis.sources:
        refused, noted = (
            Text(", ".join(f"{plain(what)} {count}" for what, count in counts.items()) or NOT_KNOWN)
            for counts in (source.rejected, source.noted)
        )
        table.add_row(Text(plain(source.source)), str(source.accepted), refused, noted)
    return table
