"""Says of a test that failed whether the clock of the machine was set meanwhile.

Advice that turns stale, leases that end early and problems that tell of the clock are then what the service promises.
A machine that was suspended, or copied while it ran, has its clock set when it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest

TOLD_S = 0.2
"""A clock that is slewed to that of others goes some ms astray while a test takes."""

_BEGAN_AHEAD_S = pytest.StashKey[float]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note by how much the clock is ahead of the one that nobody sets."""
    item.stash[_BEGAN_AHEAD_S] = _ahead_s()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add it to what is printed of a failure."""
    report = yield
    tell_if_set(report, _ahead_s() - item.stash.get(_BEGAN_AHEAD_S, _ahead_s()))
    return report


def tell_if_set(report: pytest.TestReport, set_by_s: float) -> None:
    """Add to a failure that the clock was set by so many seconds."""
    if report.failed and abs(set_by_s) >= TOLD_S:
        report.sections.append(("clock of the machine", f"was set by {set_by_s:+.1f} s while this test ran"))


def _ahead_s() -> float:
    return time.time() - time.monotonic()
