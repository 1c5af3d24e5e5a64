"""Flags that every measure takes."""

from __future__ import annotations

import argparse

SEED = 20_251_221
"""Seed of every made-up number, unless `--seed` says otherwise."""


def arguments(description: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """Make a parser with `--rounds` and `--seed`.

    Args:
        description: what the measure shows.
        rounds: default number of rounds.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=rounds, help="rounds; each measures ours and the floor")
    parser.add_argument("--seed", type=int, default=SEED, help="decides the made-up inputs")
    return parser


def positive(text: str) -> int:
    """Read a whole number from 1; ValueError (which argparse reports) for anything else."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
