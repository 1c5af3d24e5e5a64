"""Which signals end a command that serves."""

from __future__ import annotations

import signal


def ending_signals() -> list[signal.Signals]:
    """The signals that end a command in order: SIGHUP too, unless it was started to outlive its terminal."""
    both = [signal.SIGINT, signal.SIGTERM]
    return both if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [*both, signal.SIGHUP]
