"""Calls of other libraries, and what they give, as JSON: `said_elsewhere.py PROGRAM CALL...`.

A program, since not all these libraries are installed beside the tests. It runs the block of docs/same-figures.md that
makes the series and imports the libraries, and then each call.
"""

from __future__ import annotations

import json
import sys


def said(program: str, calls: list[str]) -> dict[str, float]:
    """Return what each call gives once the program has run; both are text of our own page."""
    names: dict[str, object] = {}
    exec(program, names)  # noqa: S102
    return {call: float(eval(call, names)) for call in calls}  # noqa: S307


if __name__ == "__main__":
    sys.stdout.write(json.dumps(said(sys.argv[1], sys.argv[2:])) + "\n")
