"""An access file with one token."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from strategic_memory_server.cli.new_token import make_token


@pytest.fixture
def access(tmp_path: Path) -> tuple[str, str]:
    """A token, and the file that knows it."""
    made = CliRunner().invoke(make_token, ["trader", "--scopes", "read"])
    file = tmp_path / "access"
    file.write_text(made.stdout)
    file.chmod(0o600)
    return made.stderr.split()[-1], str(file)
