"""Plays fault runs for as long as asked for: `make chaos ARGS="--seconds 300 --seed 7"`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from chaos.history_file import HISTORY_FILE, read_history, write_history
from chaos.report import header, row, totals
from chaos.run import Outcome, Run, play
from chaos.runs import RUNS
from history.checker import check


def main() -> int:
    """Play, or check a recorded history again; 1 when a promise was broken."""
    arguments = _arguments()
    logging.basicConfig(level=logging.CRITICAL)
    if arguments.replay is not None:
        return _replay(arguments.replay)
    runs = [run for run in RUNS if arguments.run in run.name]
    if not runs:
        _say(f"no run has {arguments.run!r} in its name; there are: {', '.join(run.name for run in RUNS)}")
        return 2
    _say(header())
    outcomes: list[Outcome] = []
    ends_s = time.monotonic() + arguments.seconds
    seed = arguments.seed
    while not outcomes or time.monotonic() < ends_s:
        for run in runs:
            outcomes.append(_play(run, seed, arguments.times))
            if time.monotonic() >= ends_s:
                break
        seed += 1
    _say(totals(outcomes))
    return 1 if any(outcome.problems for outcome in outcomes) else 0


def _play(run: Run, seed: int, times: int) -> Outcome:
    """Play one run; what it leaves behind stays only when something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="strategic-memory-chaos-"))
    outcome = asyncio.run(play(run, seed, folder, (run.faults + run.rarer) * times))
    _say(row(outcome))
    if not outcome.problems:
        shutil.rmtree(folder, ignore_errors=True)
        return outcome
    write_history(outcome.history, folder / HISTORY_FILE)
    for problem in outcome.problems:
        _say(f"    {problem}")
    arguments = f"--run '{run.name}' --seed {seed} --times {times} --seconds 0"
    _say(f'    again: make chaos ARGS="{arguments}"')
    _say(f"    logs of the servers: {folder}")
    _say(f'    check again: make chaos ARGS="--replay {folder / HISTORY_FILE}"')
    return outcome


def _replay(path: Path) -> int:
    violations = check(read_history(path))
    for violation in violations:
        _say(str(violation))
    _say(f"{len(violations)} violations")
    return 1 if violations else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="no run is begun after so many seconds (300)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round; it grows by one each round (1)")
    parser.add_argument("--run", default="", help="play only the runs with this in their name")
    parser.add_argument("--times", type=int, default=1, help="how often each fault is played in a run (1)")
    parser.add_argument("--replay", type=Path, help="check a recorded history again, and play nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
