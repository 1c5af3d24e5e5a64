"""An embedded Redis lives as long as the process that has started it, and its terminal does not end it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import eventually, process_is_gone

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.processes


def test_it_has_a_session_of_its_own() -> None:
    with EmbeddedRedis() as server:
        assert os.getsid(server.pid) != os.getsid(0)


PARENT = """
import os, signal, sys
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
server = EmbeddedRedis(directory=sys.argv[2] or None).start()
print(server.pid, server.directory, flush=True)
if sys.argv[1] == "stopped":
    os.kill(server.pid, signal.SIGSTOP)
if sys.argv[1] != "forgets":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def parent_that_ends(how: str, directory: str = "", programs: str = "") -> tuple[int, Path, int]:
    done = subprocess.run(
        [sys.executable, "-c", PARENT, how, directory],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": os.pathsep.join(filter(None, (programs, os.environ["PATH"])))},
    )
    pid, _, folder = done.stdout.strip().partition(" ")
    assert done.stderr == ""
    return int(pid), Path(folder), done.returncode


def test_it_ends_with_a_parent_that_is_killed() -> None:
    pid, directory, exit_code = parent_that_ends("killed")
    assert exit_code == -signal.SIGKILL
    eventually(lambda: process_is_gone(pid))
    eventually(lambda: not directory.exists())


def test_a_given_directory_stays_when_the_parent_is_killed(tmp_path: Path) -> None:
    pid, directory, _ = parent_that_ends("killed", str(tmp_path))
    assert directory == tmp_path
    eventually(lambda: process_is_gone(pid))
    # In order: what Redis holds back while its disk is slow is written out.
    assert "Received SIGTERM" in (tmp_path / "redis.log").read_text()


def test_one_that_stands_still_is_ended_all_the_same_when_the_parent_is_killed(tmp_path: Path) -> None:
    """After ten seconds by the clock, also on a machine so busy that each look at it takes longer than it should."""
    programs, folder = tmp_path / "programs", tmp_path / "kept"
    programs.mkdir()
    slow = programs / "sleep"
    slow.write_text(f'#!/bin/sh\n[ "$1" = 0.1 ] && exec {shutil.which("sleep")} 2\nexec {shutil.which("sleep")} "$1"\n')
    slow.chmod(0o755)
    pid, _, exit_code = parent_that_ends("stopped", str(folder), str(programs))
    assert exit_code == -signal.SIGKILL
    eventually(lambda: process_is_gone(pid))
    eventually(lambda: group_is_gone(pid), what="what waits for its end lets go of the folder")


def test_it_ends_with_a_parent_that_forgets_it() -> None:
    pid, directory, exit_code = parent_that_ends("forgets")
    assert exit_code == 0
    eventually(lambda: process_is_gone(pid))
    eventually(lambda: not directory.exists())


def test_the_watcher_ends_with_the_server() -> None:
    with EmbeddedRedis() as server:
        group = server.pid
    eventually(lambda: group_is_gone(group))


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
