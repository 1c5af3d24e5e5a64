"""Flags that every measure takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.harness.checkout import checkout

SEED = 20_251_221
"""Seed of every made-up number, unless `--seed` says otherwise."""


def arguments(description: str | None, *, rounds: int, compares: bool = True) -> argparse.ArgumentParser:
    """Make a parser with `--rounds`, `--seed`, `--json` and `--against`.

    Args:
        description: what the measure shows.
        rounds: default number of rounds.
        compares: whether the measure can run another checkout; without, `--against` is not offered.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=rounds, help="rounds; each measures every side once")
    parser.add_argument("--seed", type=int, default=SEED, help="decides the made-up inputs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.set_defaults(against=None)
    if compares:
        parser.add_argument("--against", type=checkout, help="folder of another checkout, run in the same rounds")
    return parser


def positive(text: str) -> int:
    """Read a whole number from 1; ValueError (which argparse reports) for anything else."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
