"""Runs the measures, one after the other, each in a process of its own, and gathers their figures in one file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness.arguments import arguments

COMPARED = ("entry_to_subscriber", "get_feedback", "broadcast", "first_read", "replay_record", "client_import")
"""Measures that run another checkout too."""

OURS_ALONE = (
    "sync_cycle",
    "large_windows",
    "slow_subscriber",
    "client_newest",
    "encrypted_calls",
    "event_loop",
    "workers",
    "workers_broadcast",
    "many_portfolios",
)
"""Measures of what runs in the process that measures, or of one server beside itself."""

MEASURES = (*COMPARED, *OURS_ALONE)


def main() -> int:
    """Hand every measure the same flags; 1 when one could not be taken."""
    parser = arguments(__doc__, rounds=0)
    parser.set_defaults(rounds=None, json=Path("bench.json"))
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(MEASURES)}; all by default")
    options = parser.parse_args()
    unknown = set(options.measures) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    flags = ["--seed", str(options.seed)] + ([] if options.rounds is None else ["--rounds", str(options.rounds)])
    taken: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="strategic-memory-bench-") as folder:
        for name in options.measures or MEASURES:
            file = Path(folder) / f"{name}.json"
            command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file), *flags]
            if options.against is not None and name in COMPARED:
                command += ["--against", str(options.against.folder)]
            taken[name] = None if subprocess.call(command) else json.loads(file.read_text())
    against = None if options.against is None else str(options.against.folder)
    figures = {"against": against, "measures": taken}
    options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    print(f"\nThe figures are in {options.json}.")
    failed = [name for name, figures in taken.items() if figures is None]
    if failed:
        sys.stderr.write(f"not measured: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
