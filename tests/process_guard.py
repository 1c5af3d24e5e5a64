"""Which tests start processes: all that say so, and no others. `make quick` runs the others."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator

import pytest

MARK = "processes"
FOLDERS = ("tests/chaos", "tests/faults", "tests/languages", "tests/packaging", "tests/system")
FIXTURES = {"fresh_redis", "grpcurl", "redis_cli", "session_redis", "start_service"}
STARTS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen"}

_alone: list[str] = []
"""The test that is running and must start none."""


def pytest_configure() -> None:
    """Watch for starts of processes from here on; and let those that are started end by SIGINT.

    Where the tests run in the background of a script SIGINT is ignored, and each program would inherit that.
    """
    sys.addaudithook(_refuse)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def mark_those_that_start_processes(items: list[pytest.Item]) -> None:
    """Mark the tests whose folder or fixtures start processes; others carry the mark in their file."""
    for item in items:
        if item.nodeid.startswith(FOLDERS) or FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test without the mark start no process."""
    if item.get_closest_marker(MARK) is None:
        _alone.append(item.nodeid)
    try:
        return (yield)
    finally:
        _alone.clear()


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS and _alone:
        raise RuntimeError(f"{_alone[0]} starts a process ({event}): give it the mark `{MARK}`")
