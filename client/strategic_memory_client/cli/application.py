"""The commands under one name."""

from __future__ import annotations

import click

from strategic_memory_client.cli.admin import admin
from strategic_memory_client.cli.analyze import analyze
from strategic_memory_client.cli.context import context
from strategic_memory_client.cli.diff import diff
from strategic_memory_client.cli.exit_codes import EXIT_CODES_HELP
from strategic_memory_client.cli.explain import explain
from strategic_memory_client.cli.get import get
from strategic_memory_client.cli.health import health
from strategic_memory_client.cli.help_text import help_text
from strategic_memory_client.cli.history import history
from strategic_memory_client.cli.portfolios import portfolios
from strategic_memory_client.cli.watch import watch


def strategic_memory() -> None:
    """Ask Strategic Memory Sync what trading programs should do, going by what their own past has taught them."""


app = click.version_option(
    package_name="strategic-memory", prog_name="strategic-memory", message="%(prog)s %(version)s"
)(
    click.group(
        name="strategic-memory",
        help=help_text(
            strategic_memory,
            "strategic-memory get              what it advises now",
            "strategic-memory watch            what it advises from now on",
            "strategic-memory explain          why, rule by rule",
            "strategic-memory history          what it advised before",
            "strategic-memory analyze --help   what it would advise if ...",
            "strategic-memory health           whether to rely on it",
            "strategic-memory portfolios       which there are to ask about (--portfolio)",
            "strategic-memory admin --help     the hand of an operator on it",
        ),
        epilog=EXIT_CODES_HELP,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )(strategic_memory)
)

for command in (get, watch, explain, history, diff, analyze, health, portfolios, context, admin):
    app.add_command(command)
