"""The commands under one name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from strategic_memory_client.cli.analyze import analyze
from strategic_memory_client.cli.client_command import client_command
from strategic_memory_client.cli.exit_codes import EXIT_CODES_HELP
from strategic_memory_client.cli.get import get
from strategic_memory_client.cli.health import health
from strategic_memory_client.cli.help_text import help_text
from strategic_memory_client.cli.watch import watch

app = typer.Typer(
    name="strategic-memory",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog=EXIT_CODES_HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"strategic-memory {version('strategic-memory')}")
        raise typer.Exit


def strategic_memory(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Ask Strategic Memory Sync what trading programs should do, going by what their own past has taught them."""


app.callback(
    help=help_text(
        strategic_memory,
        "strategic-memory get              what it advises now",
        "strategic-memory watch            what it advises from now on",
        "strategic-memory analyze --help   what it would advise if ...",
        "strategic-memory health           whether to rely on it",
    )
)(strategic_memory)

_LONGEST_OUTAGE_S = 60.0

app.command(
    help=help_text(
        get,
        "strategic-memory get",
        "strategic-memory get --json | jq -r .updated_policy",
        "strategic-memory get --require-active -a memory-a:50051,memory-b:50051",
    ),
    epilog=EXIT_CODES_HELP,
)(client_command(get))

app.command(
    help=help_text(
        watch,
        "strategic-memory watch",
        'strategic-memory watch --json | while read -r line; do notify "$line"; done',
        "strategic-memory watch --every --resume-after 41 --epoch 2f6c",
        "strategic-memory watch --events --heartbeat 1 --timeout 3600",
    ),
    epilog=EXIT_CODES_HELP,
)(client_command(watch, default_timeout_s=_LONGEST_OUTAGE_S))

app.command(
    help=help_text(
        analyze,
        "strategic-memory analyze --trade-window 1000",
        "strategic-memory analyze --policy-rule '*:win_rate>0.5=BALANCED'",
        "strategic-memory analyze --policy-rule 'BULL:avg_pnl>0.2=AGGRESSIVE' \\",
        "                         --policy-rule '*=CONSERVATIVE'",
        'echo \'{"regime_observations": {"regime": ["BULL"], "pnl": [0.4]}}\' |',
        "  strategic-memory analyze --file - --minimum-samples 1 --json",
    ),
    epilog=EXIT_CODES_HELP,
)(client_command(analyze))

app.command(
    help=help_text(
        health,
        "strategic-memory health && start-trading",
        "HEALTHCHECK CMD strategic-memory health --serving-only --timeout 2",
    ),
    epilog=EXIT_CODES_HELP,
)(client_command(health))
