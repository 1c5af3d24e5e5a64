"""What `strategic-memory-server` imports for one of its commands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from strategic_memory_server.cli.commands import app

pytestmark = pytest.mark.system

_IMPORTED = """
import sys
from strategic_memory_server.cli import main
sys.argv = ["strategic-memory-server", "serve", "--help"]
try:
    main()
except SystemExit:
    print(sorted(name for name in sys.modules if name.startswith(("strategic_memory_server.replay",
        "strategic_memory_demo", "strategic_memory_client"))))
"""


def test_serve_imports_nothing_of_the_other_commands() -> None:
    answer = subprocess.run([sys.executable, "-c", _IMPORTED], capture_output=True, text=True, timeout=60, check=True)
    assert "Usage: strategic-memory-server serve" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "[]"


def test_what_only_tls_takes_is_not_held_without_it() -> None:
    """Nine MiB, in a service that is to run within little memory."""
    held = "import sys, strategic_memory_server.application; print('cryptography.x509' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", held], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "False"


def test_every_command_is_listed_and_says_its_own_help() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    for name in ("demo", "rebuild-memory", "replay", "serve"):
        assert f"\n  {name} " in listed.output
        answer = CliRunner().invoke(app, [name, "--help"])
        assert answer.exit_code == 0
        assert "Exit codes:" in answer.output


def test_a_command_that_is_not_there_is_refused_by_name() -> None:
    answer = CliRunner().invoke(app, ["srve"])
    assert answer.exit_code == 2
    assert "No such command 'srve'" in answer.output
