"""Killing and freezing a real process, and that nothing stays frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from faults.process_signals import Suspension, is_stopped, kill_9, suspended
from processes import REPOSITORY, eventually, process_is_gone


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_kill_9_ends_a_process_at_once(sleeper: subprocess.Popen[bytes]) -> None:
    kill_9(sleeper.pid)
    assert process_is_gone(sleeper.pid)
    assert sleeper.wait() == -signal.SIGKILL
    kill_9(sleeper.pid)


def test_a_suspended_process_stands_still_until_the_context_ends(sleeper: subprocess.Popen[bytes]) -> None:
    with suspended(sleeper.pid) as suspension:
        assert is_stopped(sleeper.pid)
        suspension.end()
        eventually(lambda: not is_stopped(sleeper.pid))
    assert not process_is_gone(sleeper.pid)


def test_it_wakes_when_the_test_fails(sleeper: subprocess.Popen[bytes]) -> None:
    with pytest.raises(ValueError, match="on purpose"), suspended(sleeper.pid):
        raise ValueError("on purpose")
    eventually(lambda: not is_stopped(sleeper.pid))


def test_it_wakes_by_itself_after_its_time(sleeper: subprocess.Popen[bytes]) -> None:
    suspension = Suspension(sleeper.pid, at_most_s=0.2)
    eventually(lambda: not is_stopped(sleeper.pid))
    suspension.end()


def test_it_wakes_when_the_tests_are_killed(sleeper: subprocess.Popen[bytes]) -> None:
    frozen = (
        "import os, signal, sys; from faults.process_signals import Suspension\n"
        f"suspension = Suspension({sleeper.pid}, 60.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")}
    ended = subprocess.run([sys.executable, "-c", frozen], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    eventually(lambda: not is_stopped(sleeper.pid))


def test_a_process_that_is_not_there_cannot_be_frozen(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(ProcessLookupError):
        Suspension(sleeper.pid, 1.0)
    assert not is_stopped(sleeper.pid)


def test_a_process_that_dies_while_it_is_frozen_does_no_harm(sleeper: subprocess.Popen[bytes]) -> None:
    with suspended(sleeper.pid):
        kill_9(sleeper.pid)
