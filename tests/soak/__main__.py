"""Soaks servers for as long as asked for: `make soak ARGS="--seconds 300"`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from chaos.history_file import HISTORY_FILE, write_history
from soak.report import report
from soak.run import soak


def main() -> int:
    """Soak; 1 when something grew or a promise was broken."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="no event is begun after so many seconds (300)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (1)")
    parser.add_argument("--scale", type=float, default=0.3, help="how much of the whole floods are (0.3)")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="strategic-memory-soak-"))
    came = asyncio.run(soak(asked.seconds, asked.seed, asked.scale, folder))
    sys.stdout.write(f"{report(came)}\n")
    if not came.problems:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    write_history(came.history, folder / HISTORY_FILE)
    sys.stdout.write(f"    logs of the servers: {folder}\n")
    sys.stdout.write(f'    check again: make chaos ARGS="--replay {folder / HISTORY_FILE}"\n')
    return 1


if __name__ == "__main__":
    sys.exit(main())
