"""`strategic-memory portfolios`: which portfolios a service has, and how each is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from strategic_memory_client.cli.client_command import client_command
from strategic_memory_client.cli.exit_codes import ExitCode
from strategic_memory_client.cli.json_lines import json_line
from strategic_memory_client.cli.output_format import json_option, writes_json
from strategic_memory_client.cli.standard_output import write_line
from strategic_memory_client.cli.text import NOT_KNOWN, colour, moment, number, plain
from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.values.portfolios import PortfolioState

DEFAULT = "(default)"


@client_command(
    "strategic-memory portfolios",
    "strategic-memory portfolios --json | jq -r 'select(.status != \"ACTIVE\").name'",
)
@json_option
def portfolios(client: StrategicMemoryClient, *, as_json: bool) -> ExitCode:
    """Show the portfolios of the service.

    They are shown as the server that is asked knows them. A server knows nothing of one that it neither syncs nor is
    asked about. With --json there is a line for each.
    """
    found = client.list_portfolios()
    if writes_json(as_json):
        for each in found:
            write_line(json_line(each if each.is_followed else {"name": each.name, "is_followed": False}))
    else:
        Console().print(_table(found, datetime.now(UTC)))
    return ExitCode.OK


def _table(found: Sequence[PortfolioState], now: datetime) -> Table:
    table = Table(title=f"{len(found)} portfolios", title_justify="left", box=None, pad_edge=False)
    for heading in ("portfolio", "status", "policy", "leverage", "preferred regime", "revision", "valid until"):
        table.add_column(heading, no_wrap=heading == "portfolio")
    for each in found:
        if not each.is_followed:
            table.add_row(Text(plain(each.name)), "not followed here", *[NOT_KNOWN] * 5)
            continue
        table.add_row(
            Text(plain(each.name) or DEFAULT),
            Text(each.status.value, style=colour(each.status)),
            each.updated_policy.value,
            number(each.leverage_hint),
            Text(plain(each.preferred_regime)),
            str(each.revision),
            moment(each.valid_until, now),
        )
        for problem in each.problems:
            table.add_row("", Text(plain(problem.sentence), style="red"))
    return table
