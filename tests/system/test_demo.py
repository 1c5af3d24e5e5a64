"""The demo as a user starts it: a process of its own, with its own Redis."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from processes import command_path, eventually, process_is_gone, require_tool, service_environment
from system.demo_process import StartDemo, summary

from strategic_memory_demo.market_parameters import POLICIES, PROFILES
from strategic_memory_demo.options import DemoOptions
from strategic_memory_demo.runner import run_demo
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

pytestmark = pytest.mark.system


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[StartDemo]:
    start = StartDemo(tmp_path)
    yield start
    start.end_all()


def test_it_ends_by_itself_with_a_summary(start_demo: StartDemo) -> None:
    # The feed leaves out what a busy machine has no time for: at four times its pace there is enough all the same.
    demo = start_demo("--seconds", "5", "--speed", "4")
    redis_pid = demo.redis_pid()
    assert demo.ends() == 0
    assert demo.stderr() == ""
    assert process_is_gone(redis_pid)
    found = summary(demo)
    assert int(found["entries written"].split()[0]) > 30
    assert int(found["rejected"].split()[0]) >= 1
    assert int(found["revisions"]) >= 2
    assert "BULL" in found["regimes seen"]
    assert found["median time"].endswith("ms from the newest input to its feedback")


def test_every_regime_and_policy_is_seen_within_a_minute_of_the_market(start_demo: StartDemo) -> None:
    # No faster: a step that a busy machine has no time for is late, and the market does not make up for it.
    demo = start_demo("--seconds", "16", "--speed", "3.75")
    assert demo.ends(60) == 0
    found = summary(demo)
    assert {part.split()[0] for part in found["regimes seen"].split(", ")} == set(PROFILES)
    assert {part.split()[0] for part in found["policies"].split(", ")} == set(POLICIES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_in_order(start_demo: StartDemo, number: signal.Signals) -> None:
    demo = start_demo()
    redis_pid = demo.redis_pid()
    # As a terminal does it: to every process of the foreground group.
    os.killpg(demo.process.pid, number)
    assert demo.ends() == 0
    assert demo.stderr() == ""
    assert "revisions" in summary(demo)
    assert process_is_gone(redis_pid)


def test_nothing_is_left_when_it_is_killed(start_demo: StartDemo) -> None:
    demo = start_demo()
    redis_pid = demo.redis_pid()
    demo.process.kill()
    assert demo.ends() == -signal.SIGKILL
    eventually(lambda: process_is_gone(redis_pid))


def test_when_its_redis_dies_it_is_started_again_once(start_demo: StartDemo) -> None:
    demo = start_demo()
    first = demo.redis_pid()
    os.kill(first, signal.SIGKILL)
    again = eventually(partial(demo.redis_pid_now, other_than=first), 20)
    os.kill(again, signal.SIGKILL)
    assert demo.ends() == 1
    # The second time it may have been about to start.
    assert re.match(r"strategic-memory-server: The embedded Redis (has died twice|.* ended at once)", demo.stderr())


def test_the_commands_it_offers_work_as_they_stand(start_demo: StartDemo, tmp_path: Path) -> None:
    demo = start_demo("--speed", "5")
    demo.redis_pid()
    folders = {str(Path(require_tool(name)).parent) for name in ("grpcurl", "redis-cli", "curl")}
    folders.add(str(Path(sys.executable).parent))
    search = os.pathsep.join([*sorted(folders), os.environ["PATH"]])
    expected = {
        "GetFeedback": '"POLICY_',
        "StreamFeedback": '"POLICY_',
        "Analyze": '"regimes"',
        " GET ": '"preferred_regime"',
        "XREVRANGE": "feedback",
        "SUBSCRIBE": "strategic_feedback_updated",
        "/health": '"recommended_policy"',
        " watch ": "preferred_regime",
    }
    commands = demo.commands()
    assert len(commands) == len(expected)
    for command, (mark, answer) in zip(commands, expected.items(), strict=True):
        assert mark in command
        assert_answers(command, answer, tmp_path / "output", {**os.environ, "PATH": search})


def assert_answers(command: str, answer: str, output: Path, environment: dict[str, str]) -> None:
    """Run a command, which may go on for ever, until its output contains the answer."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def answered() -> bool:
        assert answer in output.read_text(), f"{command} gave\n{output.read_text()}"
        return True

    try:
        eventually(answered, 20)
    finally:
        process.kill()
        process.wait()


TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def test_on_a_terminal_it_draws_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    screen = tmp_path / "screen"
    with screen.open("wb") as file:
        terminal = subprocess.Popen(
            [sys.executable, "-c", TERMINAL, command_path("strategic-memory-server"), "demo"],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**service_environment({}), "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "50"},
        )
    try:
        eventually(lambda: "Last changes" in screen.read_text(errors="replace"), 30)
        eventually(lambda: "ACTIVE" in screen.read_text(errors="replace"), 30)
        assert terminal.stdin is not None
        terminal.stdin.write(b"\x03")
        terminal.stdin.flush()
        assert terminal.wait(60) == 0
        text = screen.read_text(errors="replace")
        assert "Traceback" not in text
        assert "entries written" in text
        assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"), "the cursor is visible again"
    finally:
        terminal.kill()
        terminal.communicate()


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    # As users have it: what is left in the buffer must not fail when the interpreter ends.
    buffered = service_environment({"PYTHONUNBUFFERED": ""})
    demo = subprocess.Popen(
        [command_path("strategic-memory-server"), "demo"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=buffered,
    )
    try:
        assert demo.stdout is not None
        assert demo.stderr is not None
        assert demo.stdout.readline()
        demo.stdout.close()
        assert demo.wait(60) == 0
        assert demo.stderr.read() == b""
    finally:
        demo.kill()
        demo.wait()
        if demo.stderr is not None:
            demo.stderr.close()


async def test_without_a_redis_program_it_says_what_to_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert await run_demo(DemoOptions(redis_binary=tmp_path / "no-redis")) == 3
    assert "no-redis is not a program that can be run" in capfd.readouterr().err


async def test_a_taken_redis_port_is_named(session_redis: EmbeddedRedis, capfd: pytest.CaptureFixture[str]) -> None:
    port = session_redis.port
    assert await run_demo(DemoOptions(redis_port=port)) == 1
    assert f"Port {port} is taken" in capfd.readouterr().err


async def test_a_taken_grpc_port_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert await run_demo(DemoOptions(grpc_address=address)) == 1
        assert await run_demo(DemoOptions(http_address=address)) == 1
    complaints = capfd.readouterr().err
    assert complaints.count(f"cannot listen on {address}") == 2
    assert "--grpc-address" in complaints
