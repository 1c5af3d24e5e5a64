"""Tests of what is said of a failure while which the clock of the machine was set."""

from __future__ import annotations

from typing import Literal

import pytest
from clock_set import tell_if_set


def report(outcome: Literal["passed", "failed"]) -> pytest.TestReport:
    return pytest.TestReport("a_test.py::test_a_lease", ("a_test.py", 0, "test_a_lease"), {}, outcome, None, "call")


@pytest.mark.parametrize(("set_by_s", "said"), [(2.1, "set by +2.1 s"), (-0.2, "set by -0.2 s")])
def test_a_failure_says_that_the_clock_was_set(set_by_s: float, said: str) -> None:
    """Otherwise a machine that was copied while it ran looks like a fault of the product."""
    failed = report("failed")
    tell_if_set(failed, set_by_s)
    assert [said in text for _, text in failed.sections] == [True]


@pytest.mark.parametrize(("set_by_s", "outcome"), [(0.01, "failed"), (2.1, "passed")])
def test_nothing_is_said_of_a_slewed_clock_or_of_what_passed(
    set_by_s: float, outcome: Literal["passed", "failed"]
) -> None:
    """A line that is always there is read by nobody."""
    of_it = report(outcome)
    tell_if_set(of_it, set_by_s)
    assert of_it.sections == []
