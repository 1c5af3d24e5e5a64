"""`strategic-memory health`: may the service be relied upon."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from strategic_memory_client.cli.client_command import client_command, complain
from strategic_memory_client.cli.clock_skew import clock_skew
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.feedback_table import print_health
from strategic_memory_client.cli.get import not_active
from strategic_memory_client.cli.json_lines import json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import write_answer
from strategic_memory_client.client import StrategicMemoryClient


@client_command(
    "strategic-memory health && start-trading",
    "HEALTHCHECK CMD strategic-memory health --serving-only --timeout 2",
)
@click.option(
    "--serving-only", is_flag=True, help="Ask only whether it takes requests: for a container's health check."
)
@json_option
def health(client: StrategicMemoryClient, *, serving_only: bool, as_json: bool) -> ExitCode:
    """Tell whether the feedback may be acted upon.

    And whether the service takes requests at all. Ends with 0 only if both hold (with --serving-only: if it takes
    requests), with 3 if no server takes requests, and with 4 if the feedback is STALE or WARMING_UP.
    """
    found = client.check_health()
    asked_at = datetime.now(UTC)
    feedback = client.get_feedback() if found.serving and not serving_only else None
    skew = None if feedback is None else clock_skew(feedback.sent_at, asked_at, datetime.now(UTC))
    problems = () if feedback is None else client.get_problems()
    acts = feedback is not None and feedback.is_active_at(feedback.sent_at or datetime.now(UTC))
    shown: dict[str, object] = {
        "address": found.address,
        "serving": found.serving,
        "health_status": found.status,
        "feedback_status": None if feedback is None else feedback.status,
        "may_be_acted_upon": None if feedback is None else acts,
        "revision": None if feedback is None else feedback.revision,
        "data_as_of": None if feedback is None else feedback.data_as_of,
        "valid_until": None if feedback is None else feedback.valid_until,
        "clock_skew_s": skew and round(skew.skew_s, 3),
        "clock_skew_uncertainty_s": skew and round(skew.uncertainty_s, 3),
        "problems": [f"{problem.name}: {problem.sentence}" for problem in problems]
        + ([f"clock_of_this_machine: {skew.sentence}"] if skew and skew.sentence else []),
    }
    if writes_json(as_json):
        write_answer(json_line(shown))
    else:
        print_health(shown, datetime.now(UTC) if feedback is None or feedback.sent_at is None else feedback.sent_at)
    if not found.serving:
        complain(f"{found.address} answers, but takes no requests ({found.status}): it is starting, ending or another")
        return ExitCode.OUT_OF_REACH
    if feedback is not None and not acts:
        complain(not_active(feedback.status, problems))
        return ExitCode.NOT_ACTIVE
    return ExitCode.OK
