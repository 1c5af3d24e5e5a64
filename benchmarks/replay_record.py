"""Replay of a million trades that say what each policy would have earned, all rules compared, as users run it.

The floor is what a quant does with the same file: `pandas.read_csv`, and one groupby over regimes and policies. With
`--against` the other checkout replays the same file in the same rounds.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.checkout import OURS, sides
from benchmarks.harness.measure import Direction, Hold, Measure, Of
from benchmarks.harness.program_run import Taken, run_to_end
from benchmarks.harness.report import report

_COLUMNS = ("time", "kind", "regime", "policy", "pnl_conservative", "pnl_balanced", "pnl_aggressive", "strategy")
_FIRST_MS, _DISTANCE_MS = 1_600_000_000_000, 60_000
_REGIMES = {"BULL": 0.08, "RANGE": 0.01, "BEAR": -0.05, "VOLATILE": -0.02}
_SHARES = {"CONSERVATIVE": 0.4, "BALANCED": 1.0, "AGGRESSIVE": 1.8}
_READ = """
import pandas, sys
trades = pandas.read_csv(sys.argv[1])
print(trades.groupby(["regime", "policy"])[["pnl_conservative", "pnl_balanced", "pnl_aggressive"]].agg(["mean", "std"]))
"""


def write_record(file: Path, trades: int, seed: int) -> None:
    """Write a CSV file of trades in order of time, in regimes that last for hundreds of them."""
    random_numbers = random.Random(seed)
    regime = "RANGE"
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(_COLUMNS)
        for number in range(trades):
            if random_numbers.random() < 0.004:
                regime = random_numbers.choice(list(_REGIMES))
            move = random_numbers.gauss(_REGIMES[regime], 1.0)
            earned = (f"{share * move:.5f}" for share in _SHARES.values())
            policy = random_numbers.choice(list(_SHARES))
            time_ms = _FIRST_MS + number * _DISTANCE_MS
            rows.writerow((time_ms, "trade", regime, policy, *earned, f"strategy-{number % 7}"))


def _run(options: argparse.Namespace) -> dict[str, list[Taken]]:
    with tempfile.TemporaryDirectory(prefix="strategic-memory-bench-") as name:
        folder = Path(name)
        record = folder / "trades.csv"
        write_record(record, options.trades, options.seed)
        programs = {"floor": ([sys.executable, "-c", _READ, str(record)], OURS.environment)}
        for side, source in sides(options.against).items():
            flags = ("--out", str(folder / side), "--quiet")
            programs[side] = source.server_command("replay", str(record), *flags), source.environment
        taken: dict[str, list[Taken]] = {side: [] for side in programs}
        for _ in range(options.rounds):
            for side, (command, environment) in programs.items():
                taken[side].append(run_to_end(command, environment, folder))
        return taken


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=1)
    parser.add_argument("--trades", type=positive, default=1_000_000, help="length of the record")
    options = parser.parse_args()
    taken = _run(options)
    hold = Hold(Direction.AT_MOST, 0.3, Of.THEIRS)
    report(
        options.json,
        f"Replay of {options.trades:,} trades with pnl by policy, all rules; the floor is pandas: read_csv, groupby",
        [
            Measure.of("time", "s", taken, lambda each: each.elapsed_s, hold),
            Measure.of("processor time", "s", taken, lambda each: each.cpu_s, hold),
            Measure.of("most memory", "MiB", taken, lambda each: each.peak_mib, Hold(Direction.AT_MOST, 572, Of.OURS)),
        ],
        ["572 MiB are 600 MB."],
    )


if __name__ == "__main__":
    main()
