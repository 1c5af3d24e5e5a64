"""Lines of an access file, as `new-token` makes them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from strategic_memory_server.cli.new_token import make_token


def token_for(name: str, file: Path, scopes: str = "read") -> str:
    """Make a token, and add its line to the access file."""
    made = CliRunner().invoke(make_token, [name, "--scopes", scopes])
    with file.open("a") as lines:
        lines.write(made.stdout)
    return made.stderr.split()[-1]
