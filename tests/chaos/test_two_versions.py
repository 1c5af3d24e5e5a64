"""Servers that are upgraded from the previous version to this one, and downgraded again, while everybody listens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from chaos.short_run import play_short
from previous_version import PREVIOUS, previous_pythonpath, why_not_there
from processes import do_without, service_environment

pytestmark = pytest.mark.system


def test_versions_take_over_from_each_other_and_no_promise_is_broken(tmp_path: Path) -> None:
    if why := why_not_there():
        do_without("previous", why)
    outcome = play_short("two versions", tmp_path)
    assert len(outcome.history.epochs) == 1
    assert len(outcome.replacement_s) == 4


def test_the_previous_version_is_what_runs() -> None:
    if why := why_not_there():
        do_without("previous", why)
    environment = service_environment({"PYTHONPATH": previous_pythonpath()})
    program = "import strategic_memory, strategic_memory_server as s; print(strategic_memory.__path__[0], s.__file__)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert [PREVIOUS in place for place in done.stdout.split()] == [True, True]
