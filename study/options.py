"""What every part of the study is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEED = 20_251_221
"""Reports: no setting was chosen by what it gives."""

CHOOSING_SEED = 11
"""Chooses: settings are tried on its worlds, and on those of no other seed."""

WORLDS, SHORT_WORLDS = 2_000, 150


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        seed: decides every made-up number.
        worlds: how many worlds are made; parts that take long for each make a stated share of them.
        short: measure less, and allow for the larger standard error.
    """

    seed: int = SEED
    worlds: int = WORLDS
    short: bool = False

    def generator(self, part: str) -> np.random.Generator:
        """Return the random numbers of one part, which no other part changes."""
        return np.random.default_rng([self.seed, *part.encode()])

    def share_of_worlds(self, divisor: int) -> int:
        """Return a share of the worlds, at least 20."""
        return max(self.worlds // divisor, 20)
