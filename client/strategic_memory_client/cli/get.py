"""`strategic-memory get`: the feedback in force."""

from __future__ import annotations

import click

from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.feedback_table import print_feedback
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.results import FeedbackStatus


@client_command(
    "strategic-memory get",
    "strategic-memory get --json | jq -r .updated_policy",
    "strategic-memory get --require-active -a memory-a:50051,memory-b:50051",
)
@click.option("--require-active", is_flag=True, help="End with exit code 4 unless the feedback may be acted upon.")
@json_option
def get(client: StrategicMemoryClient, *, require_active: bool, as_json: bool) -> ExitCode:
    """Show the feedback in force."""
    feedback = client.get_feedback()
    if writes_json(as_json):
        write_line(json_line(feedback_json(feedback)))
    else:
        print_feedback(feedback)
    if require_active and feedback.status is not FeedbackStatus.ACTIVE:
        complain(not_active(feedback.status))
        return ExitCode.NOT_ACTIVE
    return ExitCode.OK


def not_active(status: FeedbackStatus) -> str:
    """Return what to tell about a feedback that may not be acted upon."""
    why = {
        FeedbackStatus.WARMING_UP: "too few observations were read yet; check that the producers write to Redis",
        FeedbackStatus.STALE: "the last successful sync is too long ago; check that the service reaches Redis",
        FeedbackStatus.ACTIVE: "its validity has passed; compare the clocks of this machine and the server",
    }
    return f"the feedback may not be acted upon ({status}): {why[status]}"
