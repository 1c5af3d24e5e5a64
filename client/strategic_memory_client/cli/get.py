"""`strategic-memory get`: the feedback in force."""

from __future__ import annotations

from typing import Annotated

import typer

from strategic_memory_client.cli.client_command import complain
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.feedback_table import print_feedback
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import AsJson, writes_json
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.results import FeedbackStatus


def get(
    client: StrategicMemoryClient,
    *,
    require_active: Annotated[
        bool, typer.Option("--require-active", help="End with exit code 4 unless the feedback may be acted upon.")
    ] = False,
    json: AsJson = False,
) -> ExitCode:
    """Show the feedback in force."""
    feedback = client.get_feedback()
    if writes_json(json):
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
