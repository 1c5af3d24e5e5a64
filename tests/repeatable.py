"""Hypothesis as the house rules want it: the same examples in every run, no files, no limit on the time of one."""

from __future__ import annotations

from hypothesis import settings


def repeatable(max_examples: int) -> settings:
    """Settings for a test with this many examples; use as a decorator."""
    return settings(max_examples=max_examples, derandomize=True, database=None, deadline=None)


def make_all_repeatable() -> None:
    """Let tests that say nothing of it be so too."""
    settings.register_profile("repeatable", repeatable(100))
    settings.load_profile("repeatable")
