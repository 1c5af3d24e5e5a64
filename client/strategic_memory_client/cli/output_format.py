"""Whether to write for a person or for a program."""

from __future__ import annotations

import click

from strategic_memory_client.cli.standard_output import is_terminal

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Write one JSON object per line, as is done anyway without a terminal."
)


def writes_json(asked_for: bool) -> bool:
    """Tell whether to write JSON."""
    return asked_for or not is_terminal()
