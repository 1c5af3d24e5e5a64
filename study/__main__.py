"""Runs the study and prints its table; exit code 1 when a row falls short for no known reason."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from study import best_policy, calibration, change, equal_policies, exactness, first_words, groups, guard, regret, speed
from study.options import SEED, SHORT_WORLDS, WORLDS, Options
from study.row import Row
from study.table import lines

PARTS: tuple[Callable[[Options], list[Row]], ...] = (
    best_policy.rows,
    calibration.rows,
    equal_policies.rows,
    regret.rows,
    change.rows,
    groups.rows,
    exactness.rows,
    speed.rows,
    first_words.rows,
    guard.rows,
)


def main() -> int:
    """Measure every row."""
    options = _options()
    started_s, rows = time.perf_counter(), []
    for part in PARTS:
        rows += part(options)
        sys.stderr.write(f"{part.__module__}: {time.perf_counter() - started_s:.0f} s\n")
    print(*lines(rows, short=options.short), sep="\n")
    named = f"seed {options.seed}, {options.worlds:,} worlds" + (", short" if options.short else "")
    print(f"{named}, {time.perf_counter() - started_s:.0f} s")
    return 0 if all(row.holds(short=options.short) or row.limit for row in rows) else 1


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m study", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"decides every made-up number ({SEED})")
    parser.add_argument("--worlds", type=int, help=f"worlds a row ({WORLDS:,}, short {SHORT_WORLDS})")
    parser.add_argument("--short", action="store_true", help="fewer worlds, and holds widened by 3 standard errors")
    given = parser.parse_args()
    worlds = given.worlds if given.worlds is not None else SHORT_WORLDS if given.short else WORLDS
    if worlds < 1 or given.seed < 0:
        parser.error("--worlds has to be at least 1 and --seed at least 0")
    return Options(given.seed, worlds, given.short)


if __name__ == "__main__":
    sys.exit(main())
