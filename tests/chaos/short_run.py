"""A fault run as a test: each of its faults once, from a fixed seed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from chaos.history_file import HISTORY_FILE, write_history
from chaos.run import Outcome, play
from chaos.runs import run_named

SEED = 1


def play_short(name: str, folder: Path) -> Outcome:
    """Play a run; fail with everything that was not as it should be."""
    run = run_named(name)
    outcome = asyncio.run(play(run, SEED, folder, run.faults))
    if outcome.problems:
        write_history(outcome.history, folder / HISTORY_FILE)
        pytest.fail("\n".join([*outcome.problems, f"history and logs of the servers: {folder}"]))
    assert outcome.faults.total() == len(run.faults)
    assert outcome.writes > 0
    assert outcome.added > 0
    assert outcome.revisions > 3 * len(run.faults)
    assert all(subscriber.streams for subscriber in outcome.history.subscribers)
    assert outcome.history.settled_ms is not None
    return outcome
