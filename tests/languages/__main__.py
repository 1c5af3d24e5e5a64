"""Plays kills and a long outage on the client libraries in other languages: `make clients ARGS="--kills 20"`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from languages import acted_upon, go, java, rust, typescript
from languages.kills import Outcome, play_kills, play_outage
from languages.program import Library, Program

LANGUAGES: dict[str, Callable[[], list[Library]]] = {
    "go": go.libraries,
    "java": java.libraries,
    "rust": rust.libraries,
    "typescript": typescript.libraries,
}
"""The libraries and examples by the name of their language."""

PACKAGED = ("go", "typescript")
"""Languages with a library of their own; the others have an example each."""

EXAMPLES = ("Java", "Rust")
"""The names of the examples, which print what may be acted upon."""

BACK_WITHIN_S = 3.0
"""How long after a server is back every library has heard it."""

_WIDTHS = (30, 6, 7, 10, 5, 8, 9, 9)


def main() -> int:
    """Play, and print what came of it; 1 when something was lost, doubled or too late."""
    arguments = _arguments()
    logging.basicConfig(level=logging.CRITICAL)
    libraries = _built(arguments.languages or PACKAGED)
    with tempfile.TemporaryDirectory(prefix="strategic-memory-clients-") as folder:
        kills = asyncio.run(play_kills(libraries, arguments.kills, Path(folder) / "kills"))
        _print_kills(kills)
        outage = asyncio.run(play_outage(libraries, arguments.outage, Path(folder) / "outage"))
    _say(f"\nback after an outage of {arguments.outage:g} s:")
    for name, seconds in outage.back_s.items():
        _say(f"  {name.ljust(_WIDTHS[0])}{seconds:.2f} s")
    problems = [*kills.problems, *outage.problems]
    examples = [library for library in libraries if library.name in EXAMPLES]
    problems += acted_upon.problems_of(examples)
    problems += acted_upon.lost_without_need(examples)
    problems += acted_upon.acted_upon_after_a_freeze(examples)
    problems += [f"{name} was back after {s:.2f} s" for name, s in outage.back_s.items() if s > BACK_WITHIN_S]
    _say(f"\n{len(problems)} problems")
    for problem in problems:
        _say(f"  {problem}")
    return 1 if problems else 0


def _built(languages: Iterable[str]) -> list[Library]:
    """Return the libraries that can be built here, and say which cannot."""
    libraries = []
    for name in languages:
        try:
            libraries += LANGUAGES[name]()
        except pytest.skip.Exception as missing:
            _say(f"{name} is left out: {missing}")
    return libraries or sys.exit("no library can be built here")


def _print_kills(outcome: Outcome) -> None:
    _say(_line("", "kills", "drains", "revisions", "gaps", "doubles", "away", "longest"))
    for program in outcome.programs:
        times = program.away_s
        _say(
            _line(
                program.name,
                str(outcome.kills),
                str(outcome.drains),
                str(len(program.revisions)),
                _gaps(outcome, program),
                str(outcome.doubles(program)),
                f"{sorted(times)[len(times) // 2]:.2f} s" if times else "-",
                f"{max(times):.2f} s" if times else "-",
            )
        )


def _gaps(outcome: Outcome, program: Program) -> str:
    """Return how many revisions are missing; who wants the newest alone is told what was skipped."""
    gaps = outcome.gaps(program)
    return f"({gaps})" if program.name.endswith("LATEST") else str(gaps)


def _line(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="languages", description=__doc__)
    parser.add_argument("languages", nargs="*", choices=[*LANGUAGES, []], help="which languages (those with a library)")
    parser.add_argument("--kills", type=int, default=27, help="servers to end, three in four with SIGKILL (27)")
    parser.add_argument("--outage", type=float, default=120.0, help="seconds that the only server is away (120)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
