"""Real processes for tests: the service, optional tools, and waiting for conditions with a bound."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload
from zlib import crc32

import pytest
from warm_processes import SERVICE, SERVICE_SETTINGS, Copied, can_start, start_copy

from strategic_memory_server.embedded.redis_binary import find_redis_cli

Value = TypeVar("Value")

REPOSITORY = Path(__file__).resolve().parent.parent
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.05
_READY_WITHIN_S = 60.0


def eventually(condition: Callable[[], Value | None], within_s: float = 60.0, *, what: str = "") -> Value:
    """Call `condition` until it returns something true, and return that.

    Fails the test after `within_s`, with `what` in the message. An AssertionError from the condition counts
    as "not yet"; the last one is shown.
    """
    deadline = time.monotonic() + within_s
    while True:
        # Asked before the look: a process that stood still until the time was up looks once more.
        is_last = time.monotonic() > deadline
        value, reason = _attempt(condition)
        if value:
            return value
        if is_last:
            pytest.fail(_gave_up(condition, within_s, what, value, reason))
        time.sleep(_pause_s(deadline - within_s))


@overload
async def aeventually(
    condition: Callable[[], Awaitable[Value | None]], within_s: float = ..., *, what: str = ...
) -> Value: ...


@overload
async def aeventually(condition: Callable[[], Value | None], within_s: float = ..., *, what: str = ...) -> Value: ...


async def aeventually(condition: Callable[[], Any], within_s: float = 60.0, *, what: str = "") -> Any:
    """Do as `eventually` in a running event loop; `condition` may be a coroutine function."""
    deadline = time.monotonic() + within_s
    while True:
        is_last = time.monotonic() > deadline
        reason: AssertionError | None = None
        value: Any = None
        try:
            outcome = condition()
            value = await outcome if isinstance(outcome, Awaitable) else outcome
        except AssertionError as error:
            reason = error
        if value:
            return value
        if is_last:
            pytest.fail(_gave_up(condition, within_s, what, value, reason))
        await asyncio.sleep(_pause_s(deadline - within_s))


def _pause_s(began_s: float) -> float:
    """A tenth of the wait so far, within bounds: what is looked at costs the processor that it waits for."""
    return min(max(_SHORTEST_PAUSE_S, (time.monotonic() - began_s) / 10), _LONGEST_PAUSE_S)


def _attempt(condition: Callable[[], Value | None]) -> tuple[Value | None, AssertionError | None]:
    try:
        return condition(), None
    except AssertionError as error:
        return None, error


def _gave_up(condition: object, within_s: float, what: str, value: object, reason: object) -> str:
    name = what or getattr(condition, "__qualname__", repr(condition))
    return f"not within {within_s:g} s: {name}; last value {value!r}" + (f"; {reason}" if reason else "")


def process_is_gone(pid: int) -> bool:
    """Whether no process runs under this id any more; one that only waits to be reaped counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:  # it went between the opening of its file and the reading
        return True
    except FileNotFoundError:
        return not Path("/proc").is_dir() or not Path(f"/proc/{pid}").exists()


def require_tool(name: str) -> str:
    """Return the path of a command line tool.

    Skips the test when it is missing, but fails when the environment variable STRATEGIC_MEMORY_TEST_REQUIRE
    (names separated by commas) names it.
    """
    path = find_tool(name)
    if path is None:
        do_without(name, f"{name} is not installed")
    return path


def do_without(name: str, why: str) -> NoReturn:
    """Skip the test, which cannot be run here; fail when STRATEGIC_MEMORY_TEST_REQUIRE names what is missing."""
    required = {item.strip() for item in os.environ.get("STRATEGIC_MEMORY_TEST_REQUIRE", "").split(",")}
    if name in required:
        pytest.fail(f"{name} is required by STRATEGIC_MEMORY_TEST_REQUIRE, but: {why}")
    pytest.skip(why)


def find_tool(name: str) -> str | None:
    """Return the path of a command line tool; None where it is missing."""
    if name == "redis-cli":
        found = find_redis_cli()
        return None if found is None else str(found)
    go_folder = Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin"
    search = os.pathsep.join([str(REPOSITORY / ".tools" / "bin"), os.environ.get("PATH", ""), str(go_folder)])
    return shutil.which(name, path=search)


def command_path(name: str) -> str:
    """Return the path of one of this distribution's own commands in the environment that runs the tests."""
    return str(Path(sys.executable).parent / name)


def _event_loop(test: str) -> str:
    """Users have either: half of the tests run on each, a test always on the same; others by what is installed."""
    name = test.partition(" ")[0]
    return "asyncio" if name and crc32(name.encode()) % 2 else "auto"


def service_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """This environment without settings of the service, free ports on loopback, an event loop, and `overrides`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SERVICE_SETTINGS)}
    environment["STRATEGIC_MEMORY_GRPC_ADDRESS"] = "127.0.0.1:0"
    environment["STRATEGIC_MEMORY_HTTP_ADDRESS"] = "127.0.0.1:0"
    environment["STRATEGIC_MEMORY_EVENT_LOOP"] = _event_loop(environment.get("PYTEST_CURRENT_TEST", ""))
    environment["PYTHONUNBUFFERED"] = "1"
    environment.update(overrides)
    return environment


class ServiceProcess:
    """One `strategic-memory-server serve` in a process and a session of its own."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], arguments: tuple[str, ...] = (), *, anew: bool = False
    ) -> None:
        """Start it without waiting; its output goes to files in `folder`.

        It is the copy of a process that has imported it already, unless `anew`, or its environment forbids that.
        """
        self._stdout = folder / "stdout.log"
        self._stderr = folder / "stderr.log"
        self._ready: dict[str, Any] | None = None
        command = [command_path("strategic-memory-server"), "serve", *arguments]
        self._process: subprocess.Popen[bytes] | Copied
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr, Path(os.devnull).open("rb") as stdin:
            if not anew and can_start(SERVICE, environment):
                streams = (stdin.fileno(), stdout.fileno(), stderr.fileno())
                self._process = start_copy(SERVICE, command, environment, streams)
                return
            self._process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def grpc_address(self) -> str:
        """Host and port that the gRPC side listens on."""
        return str(self.ready_line()["grpc_address"])

    @property
    def http_address(self) -> str:
        """Host and port that the HTTP side listens on."""
        return str(self.ready_line()["http_address"])

    def ready_line(self, within_s: float = _READY_WITHIN_S) -> dict[str, Any]:
        """The log line of readiness; fails the test when the service ends or does not become ready."""
        if self._ready is None:
            self._ready = eventually(self._ready_line_or_end, within_s, what=f"ready\n{self.output()}")
        return self._ready

    def _ready_line_or_end(self) -> dict[str, Any] | None:
        for line in self.log_lines():
            if line.get("event") == "Service ready":
                return line
        if self._process.poll() is not None:
            pytest.fail(f"the service ended with {self._process.returncode} before it was ready\n{self.output()}")
        return None

    def log_lines(self) -> list[dict[str, Any]]:
        """Every complete JSON object line that it has written to stdout so far."""
        lines = self._stdout.read_text(errors="replace").split("\n")[:-1]
        return [parsed for line in lines if line.startswith("{") and isinstance(parsed := json.loads(line), dict)]

    def output(self) -> str:
        """Everything it has written so far, for messages."""
        return (
            f"--- stdout\n{self._stdout.read_text(errors='replace')}"
            f"--- stderr\n{self._stderr.read_text(errors='replace')}"
        )

    def stderr(self) -> str:
        """What it has written to stderr so far."""
        return self._stderr.read_text(errors="replace")

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the service's own process."""
        self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it has started in its session with SIGKILL, and wait."""
        if self._process.poll() is None:
            # It may end by itself in between.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pid in self.session():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def session(self) -> list[int]:
        """Return the ids of the processes in its session that run, its workers among them."""
        return [pid for pid in _running() if _session_of(pid) == self.pid]

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for its end, at most `timeout` seconds; the exit code. Fails the test when it does not end."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the service did not end within {timeout:g} s\n{self.output()}")


def _running() -> list[int]:
    return [int(each.name) for each in Path("/proc").glob("[0-9]*")]


def _session_of(pid: int) -> int | None:
    """Return the session of a process that runs; one that only waits to be reaped does not."""
    try:
        state, _, _, session, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(session)
