"""Lints the wire contract and guards it against changes that break programs already built on it.

Usage: wire_contract.py lint | breaking | baseline-check | baseline [--root CHECKOUT]

`lint` holds the .proto files to buf's rules. `breaking` compares them with the baseline, the contract as it
was last committed: what was deleted, renumbered or retyped is an error, what was added is not.
`baseline-check` tells whether the baseline has all of the contract, since what it lacks is not guarded.
`baseline` renews it, unless the change breaks something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "scripts" / "buf" / "node_modules" / "@bufbuild"
BASELINE = Path("scripts") / "buf" / "wire-baseline.json"
REQUIRE = "STRATEGIC_MEMORY_TEST_REQUIRE"


class ContractError(RuntimeError):
    """The contract does not hold; the message says what and what to do."""


def buf_program() -> Path | None:
    """Find buf in the package of this platform, which runs without Node.js; None when it is not installed."""
    return next(PACKAGES.glob("buf-*/bin/buf*"), None)


def buf(root: Path, *arguments: str) -> str:
    """Run buf on a checkout and return what it prints. Raises ContractError with its findings."""
    program = buf_program()
    if program is None:
        raise ContractError("buf is not installed: install Node.js with npm and try again.")
    finished = subprocess.run([program, *arguments], cwd=root, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise ContractError((finished.stdout + finished.stderr).strip())
    return finished.stdout


def lint(root: Path) -> None:
    """Hold the .proto files to the rules of buf.yaml. Raises ContractError."""
    buf(root, "lint")


def committed_baseline(root: Path) -> str:
    """Read the baseline. Raises ContractError when it is missing."""
    try:
        return (root / BASELINE).read_text()
    except FileNotFoundError:
        raise ContractError(f"{BASELINE} is missing: restore it from git.") from None


def breaking(root: Path) -> None:
    """Compare the .proto files with the baseline. Raises ContractError when something would break."""
    committed_baseline(root)
    try:
        buf(root, "breaking", "--against", str(BASELINE))
    except ContractError as error:
        raise ContractError(
            f"{error}\nPrograms built on the committed contract would break. Keep what is there, numbers and"
            " types included; new things get new numbers."
        ) from error


def image(root: Path) -> str:
    """Describe the whole contract as text that is the same for the same contract, comments left out."""
    described = json.loads(buf(root, "build", "--exclude-source-info", "--output", "-#format=json"))
    return json.dumps(described, indent=1, sort_keys=True) + "\n"


def baseline_check(root: Path) -> None:
    """Tell whether the baseline has all of the contract. Raises ContractError when it does not."""
    if committed_baseline(root) != image(root):
        raise ContractError(
            "The contract has grown beyond its baseline, so that the new part is not guarded:"
            " run `make wire-baseline` and commit the result."
        )


def baseline(root: Path) -> None:
    """Renew the baseline. Raises ContractError and leaves it alone when the change would break something."""
    if (root / BASELINE).exists():
        breaking(root)
    (root / BASELINE).write_text(image(root))


ACTIONS = {"lint": lint, "breaking": breaking, "baseline-check": baseline_check, "baseline": baseline}


def required() -> bool:
    """Tell whether this run may not do without buf."""
    return "buf" in (name.strip() for name in os.environ.get(REQUIRE, "").split(","))


def main() -> int:
    """Run from the command line; 0: holds, or skipped for want of buf; 1: does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=list(ACTIONS))
    parser.add_argument("--root", type=Path, default=ROOT)
    arguments = parser.parse_args()
    if buf_program() is None and not required() and arguments.action != "baseline":
        print(f"SKIPPED wire contract {arguments.action}: buf is not installed.", file=sys.stderr)
        return 0
    try:
        ACTIONS[arguments.action](arguments.root)
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
