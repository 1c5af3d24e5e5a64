from __future__ import annotations

import subprocess
import sys

import pytest
from client.feedback_samples import feedback_response
from client.scripted_peer import ScriptedPeer, send
from processes import REPOSITORY

pytestmark = pytest.mark.processes


PATIENT = """
import runpy, sys
from strategic_memory_client import StrategicMemoryClient
wait_for_newest = StrategicMemoryClient.wait_for_newest
StrategicMemoryClient.wait_for_newest = lambda client, timeout_s: wait_for_newest(client, 30 * timeout_s)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a program that gives the first advice more time than it would: a busy machine may take it to connect."""


def run_agent(address: str, *run: str) -> str:
    example = REPOSITORY / "examples" / "rl_agent.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", *run, str(example), "--address", address, "--steps", "50", "--pause", "0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_agent_acts_on_the_advice() -> None:
    with ScriptedPeer(send(feedback_response(1))) as peer:
        shown = run_agent(peer.address, "-c", PATIENT)
    assert "ACTIVE 50 times" in shown
    assert "AGGRESSIVE at leverage 1.5 for BULL" in shown


def test_the_agent_runs_on_the_safe_values_without_a_service() -> None:
    shown = run_agent("127.0.0.1:1")
    assert "WARMING_UP 50 times" in shown
    assert "CONSERVATIVE at leverage 1 for UNKNOWN" in shown
