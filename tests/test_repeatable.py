"""A property that says nothing of its examples is tried on the same ones each time, however slow the machine is."""

from __future__ import annotations

from hypothesis import settings


def test_properties_are_repeatable_by_default() -> None:
    default = settings()
    assert (default.derandomize, default.database, default.deadline) == (True, None, None)
