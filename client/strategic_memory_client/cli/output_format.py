"""Whether to write for a person or for a program."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from strategic_memory_client.cli.standard_output import is_terminal

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Write one JSON object per line, as is done anyway without a terminal.")
]


def writes_json(asked_for: bool) -> bool:
    """Tell whether to write JSON."""
    return asked_for or not is_terminal()
