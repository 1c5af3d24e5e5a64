"""Plays what one deployment for a whole desk has to bear, and prints one table: `make scale ARGS="--short"`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from chaos.history_file import write_history
from history.model import History
from scale import crowd, desk_run, idle
from scale.crowd import CrowdSettings
from scale.desk import DeskSettings
from scale.figures import Part, table
from scale.idle import IdleSettings

_SHORT = (
    DeskSettings(portfolios=30, changed=3, entries_a_second=15.0, server={"STRATEGIC_MEMORY_LEASE": "2"}),
    IdleSettings(portfolios=300, synced_within_s=60.0, settling_s=2.0, measured_s=10.0, followed=100),
    CrowdSettings(streams=500, measured_s=5.0),
)
_WHOLE = (DeskSettings(), IdleSettings(), CrowdSettings())


def main() -> int:
    """Play; 1 when a promise was broken."""
    asked = _arguments()
    logging.basicConfig(level=logging.CRITICAL)
    desk, portfolios, streams = _SHORT if asked.short else _WHOLE
    folder = Path(tempfile.mkdtemp(prefix="strategic-memory-scale-"))
    plays: dict[str, Callable[[Path], Part]] = {
        "desk": lambda into: _kept(
            asyncio.run(desk_run.play(replace(desk, shards=asked.shards), asked.seed, into)), into
        ),
        "idle": lambda into: idle.measure(portfolios, into),
        "streams": lambda into: _kept(asyncio.run(crowd.play(streams, asked.seed, into)), into),
    }
    parts: list[Part] = []
    try:
        for name in asked.only or plays:
            _say(f"{name} ...", sys.stderr)
            (folder / name).mkdir()
            parts.append(plays[name](folder / name))
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return 130
    _say(f"{_machine()}, seed {asked.seed}\n\n{table(parts)}")
    if not any(part.problems for part in parts):
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    _say(f"    logs of the servers, and histories: {folder}")
    _say(f'    check one again: make chaos ARGS="--replay {folder}/desk/NAME.json.gz"')
    return 1


def _kept(played: tuple[Part, list[History]], folder: Path) -> Part:
    """Write down the histories of a part in which something was wrong."""
    part, histories = played
    for history in histories if part.problems else ():
        write_history(history, folder / f"{history.portfolio or 'default'}.json.gz")
    return part


def _machine() -> str:
    """Name the machine, and say how much else it has to do."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores ({model}), load {load:.1f}, CPython {platform.python_version()}"


def _say(text: str, to: TextIO = sys.stdout) -> None:
    to.write(f"{text}\n")
    to.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer of everything, within two minutes")
    parser.add_argument("--seed", type=int, default=1, help="of what is written (1)")
    parser.add_argument(
        "--shards", type=int, choices=(1, 2, 3), default=1, help="by which the three servers share portfolios out (1)"
    )
    parser.add_argument(
        "--only", action="append", choices=("desk", "idle", "streams"), help="one part; may be repeated"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
