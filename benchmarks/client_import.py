"""Import of the client, against `import grpc` alone.

The package imports what it needs when it is asked for it, so the import of its two clients is what counts; gRPC comes
with the first client that is made, which has a row of its own. Each import happens in an interpreter that has just
started, and counts its processor time from the statement on: the start of the interpreter is in no figure, and who else
is busy does not matter. Compiled code is in caches of the measurement's own, which imports that are not counted fill:
the environment may forbid them beside the sources, and would have ours compiled each time, and gRPC not.
"""

from __future__ import annotations

import os
import subprocess
from tempfile import TemporaryDirectory

from benchmarks.harness.arguments import arguments
from benchmarks.harness.checkout import OURS, Checkout, sides
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.report import report

_TIMED = "import time; before = time.process_time(); {}; print(time.process_time() - before)"
_PACKAGE = "import strategic_memory_client"
_CLIENTS = "from strategic_memory_client import AsyncStrategicMemoryClient, StrategicMemoryClient"
_MADE = f"{_CLIENTS}; AsyncStrategicMemoryClient(); StrategicMemoryClient()"
_WIRE = "import grpc; from strategic_memory.v1 import service_pb2"
_FLOOR = "import grpc"
_STATEMENTS = (_CLIENTS, _MADE, _PACKAGE, _WIRE)


def _import_ms(source: Checkout, statement: str, caches: str) -> float:
    environment = os.environ | source.environment | {"PYTHONPYCACHEPREFIX": caches}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(source.python), "-c", _TIMED.format(statement)]
    return float(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout) * 1_000


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=9).parse_args()
    checkouts = sides(options.against)
    imports = {("floor", _FLOOR): OURS}
    imports |= {(side, what): source for side, source in checkouts.items() for what in _STATEMENTS}
    taken: dict[tuple[str, str], list[float]] = {each: [] for each in imports}
    with TemporaryDirectory() as caches:
        for (_, what), source in imports.items():
            _import_ms(source, what, caches)
        for _ in range(options.rounds):
            for (side, what), source in imports.items():
                taken[side, what].append(_import_ms(source, what, caches))

    def row(name: str, what: str, hold: Hold | None = None) -> Measure:
        return Measure(name, "ms", taken["ours", what], taken["floor", _FLOOR], taken.get(("theirs", what), ()), hold)

    report(
        options.json,
        "Import of the client, processor time; the floor is import grpc",
        [
            row("the two clients", _CLIENTS, Hold(Direction.AT_MOST, 1.3)),
            row("the two clients, and one of each made", _MADE),
            row("the package alone", _PACKAGE),
            row("grpc and the wire code", _WIRE),
        ],
    )


if __name__ == "__main__":
    main()
