"""Runs every measure, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

MEASURES = (
    "get_feedback",
    "entry_to_subscriber",
    "sync_cycle",
    "large_windows",
    "broadcast",
    "slow_subscriber",
    "client_newest",
)


def main() -> int:
    """Hand every measure the same flags; 1 when one could not be taken."""
    failed = [name for name in MEASURES if subprocess.call([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]])]
    if failed:
        sys.stderr.write(f"not measured: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
