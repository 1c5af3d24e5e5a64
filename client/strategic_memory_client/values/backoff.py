"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass

from strategic_memory_client.values.option_checks import checked_number, checked_seconds
from strategic_memory_client.values.unchanging import Unchanging


@dataclass(frozen=True, slots=True)
class Backoff(Unchanging):
    """Delays that grow by `factor` from `initial_s` to `max_s`, drawn so that clients spread out."""

    initial_s: float = 0.1
    """Upper bound in seconds of the first delay."""
    max_s: float = 5.0
    """Upper bound in seconds of every delay."""
    factor: float = 2.0
    """By how much the bound grows, at least 1."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial_s", checked_seconds("backoff.initial_s", self.initial_s))
        object.__setattr__(self, "max_s", checked_seconds("backoff.max_s", self.max_s))
        object.__setattr__(self, "factor", checked_number("backoff.factor", self.factor))
        if self.initial_s > self.max_s:
            raise ValueError(f"backoff.initial_s must be at most backoff.max_s, is {self.initial_s} above {self.max_s}")
        if self.factor < 1:
            raise ValueError(f"backoff.factor must be at least 1, is {self.factor:g}")

    def delay_s(self, earlier: int, source: random.Random) -> float:
        """Return the delay in seconds after `earlier` delays: from half its bound up to the bound."""
        try:
            bound_s = self.initial_s * self.factor**earlier
        except OverflowError:
            bound_s = self.max_s
        return min(bound_s, self.max_s) * source.uniform(0.5, 1.0)
