"""`strategic-memory get`: the feedback in force."""

from __future__ import annotations

from collections.abc import Sequence

import click

from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.feedback_table import print_feedback
from strategic_memory_client.cli.json_lines import feedback_json, json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import write_answer
from strategic_memory_client.cli.text import plain
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.problems import Problem
from strategic_memory_client.values.results import FeedbackStatus

TOO_FEW_SINCE = "inputs_refused", "regimes_missing"
"""Problems that say why there are too few observations."""


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
    is_active = feedback.status is FeedbackStatus.ACTIVE
    written_as_json = writes_json(as_json)
    problems = () if written_as_json and is_active else client.get_problems()
    if written_as_json:
        # The line is the feedback alone, whatever else there is to tell.
        write_answer(json_line(feedback_json(feedback)))
    else:
        print_feedback(feedback, problems)
    if not is_active and (require_active or (written_as_json and problems)):
        complain(not_active(feedback.status, problems))
    if require_active and not is_active:
        return ExitCode.NOT_ACTIVE
    return ExitCode.OK


def not_active(status: FeedbackStatus, problems: Sequence[Problem]) -> str:
    """Return what to tell about a feedback that may not be acted upon, with what the server has to tell."""
    why = {
        FeedbackStatus.WARMING_UP: "too few observations were read yet",
        FeedbackStatus.STALE: "the last successful sync is too long ago; check that the service reaches Redis",
        FeedbackStatus.ACTIVE: "its validity has passed; compare the clocks of this machine and the server",
    }[status]
    told = {problem.name: plain(problem.sentence) for problem in problems}
    if status is FeedbackStatus.WARMING_UP:
        since = " ".join(told.pop(name) for name in TOO_FEW_SINCE if name in told)
        why += f": {since}" if since else "; check that the producers write to Redis"
    told_too = f". The service tells: {' '.join(told.values())}" if told else ""
    return f"the feedback may not be acted upon ({status}): {why.removesuffix('.')}{told_too}"
