"""An access file with one token that may read."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from strategic_memory_server.cli.new_token import make_token


def access_of_one_reader(folder: Path) -> tuple[str, Path]:
    """Make a token, and the file that knows it; return both."""
    made = CliRunner().invoke(make_token, ["trader", "--scopes", "read"])
    file = folder / "access"
    file.write_text(made.stdout)
    file.chmod(0o600)
    return made.stderr.split()[-1], file
