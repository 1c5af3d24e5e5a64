"""Checkpoints: where long computing asks whether anybody still waits for what it works out.

A function that can take long is given a `Checkpoint` and calls it between its steps. It returns, or raises to end the
computing there and then; a function that is not told otherwise goes on to its end.
"""

from __future__ import annotations

from collections.abc import Callable

Checkpoint = Callable[[], None]


class AbandonedError(Exception):
    """Nobody waits for the result any more."""


def go_on() -> None:
    """Let the computing go on, whatever happens."""
