"""How much one GetFeedback allocates: a coarse bound, so that it does not grow unseen. Nothing is timed.

Where a change makes it less, lower the bound in the same commit. A bound is raised only with a sentence in the commit
that says what the additional work is for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import processes

MORE_THAN_BARE = 90
"""Allocations beyond those of a bare method that returns the same message."""


def test_an_answer_allocates_little_more_than_a_bare_method_does() -> None:
    if importlib.util.find_spec("memray") is None:
        processes.do_without("memray", "memray, which counts allocations, is not installed")
    folder = processes.REPOSITORY / "tests"
    counting = subprocess.run(
        [sys.executable, str(folder / "counted_allocations.py"), str(MORE_THAN_BARE)],
        env=os.environ | {"PYTHONPATH": str(folder), "GRPC_VERBOSITY": "NONE"},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert counting.returncode == 0, counting.stderr
    counted = json.loads(counting.stdout)
    assert counted["bare"] > 0
    assert counted["ours"] - counted["bare"] <= MORE_THAN_BARE, counted
