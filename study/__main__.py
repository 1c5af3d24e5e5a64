"""Runs the study and prints its table; exit code 1 when a row falls short for no known reason."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from study import (
    best_policy,
    calibration,
    change,
    claims,
    confusion,
    equal_policies,
    exactness,
    first_words,
    groups,
    guard,
    leaves,
    panels,
    regret,
    speed,
)
from study.options import CHOOSING_SEED, SEED, SHORT_WORLDS, WORLDS, Options
from study.row import Row
from study.table import lines

PARTS: Mapping[str, Callable[[Options], list[Row]]] = {
    "best_policy": best_policy.rows,
    "calibration": calibration.rows,
    "claims": claims.rows,
    "confusion": confusion.rows,
    "equal_policies": equal_policies.rows,
    "leaves": leaves.rows,
    "change": change.rows,
    "regret": regret.rows,
    "panels": panels.rows,
    "groups": groups.rows,
    "guard": guard.rows,
    "exactness": exactness.rows,
    "speed": speed.rows,
    "first_words": first_words.rows,
}


def main() -> int:
    """Measure every row of the parts asked for."""
    options, parts = _options()
    started_s, rows = time.perf_counter(), []
    for part in parts:
        rows += PARTS[part](options)
        sys.stderr.write(f"{part}: {time.perf_counter() - started_s:.0f} s\n")
    print(*lines(rows, short=options.short), sep="\n")
    named = f"seed {options.seed}, {options.worlds:,} worlds" + (", short" if options.short else "")
    print(f"{named}, {time.perf_counter() - started_s:.0f} s")
    return 0 if all(row.holds(short=options.short) or row.limit for row in rows) else 1


def _options() -> tuple[Options, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m study", description=__doc__)
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, default=SEED, help=f"decides every made-up number ({SEED})")
    seeds.add_argument(
        "--choosing",
        action="store_true",
        help=f"for trying settings: seed {CHOOSING_SEED}, by which nothing is reported",
    )
    parser.add_argument("--worlds", type=int, help=f"worlds a row ({WORLDS:,}, short {SHORT_WORLDS})")
    parser.add_argument(
        "--short", "--quick", action="store_true", help="fewer worlds, and holds widened by 3 standard errors"
    )
    parser.add_argument("--only", metavar="PARTS", help=f"some parts, with commas between: {', '.join(PARTS)}")
    given = parser.parse_args()
    worlds = given.worlds if given.worlds is not None else SHORT_WORLDS if given.short else WORLDS
    if worlds < 1 or given.seed < 0:
        parser.error("--worlds has to be at least 1 and --seed at least 0")
    parts = list(PARTS) if given.only is None else [part.strip() for part in given.only.split(",")]
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"--only: there is no part {unknown[0]!r}; parts are {', '.join(PARTS)}")
    return Options(CHOOSING_SEED if given.choosing else given.seed, worlds, given.short), parts


if __name__ == "__main__":
    sys.exit(main())
