"""Shard: which share of the portfolios a server syncs, by rendezvous hashing.

Every server works out by itself to which shard a name belongs, from the name and the number of shards alone; with one
shard more, each name stays or goes to the new one. D. G. Thaler, C. V. Ravishankar, "Using name-based mappings to
increase hit rates", IEEE/ACM Transactions on Networking 6 (1998) 1.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MOST = 1_024

_TEXT = re.compile(r"(?P<ordinal>\d{1,9})/(?P<shards>\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of the portfolios.

    Attributes:
        number: which one, from 0.
        shards: how many there are.
    """

    number: int
    shards: int

    def __str__(self) -> str:
        return f"{self.number}/{self.shards}"

    def has(self, portfolio: str) -> bool:
        """Tell whether a portfolio, by its name, belongs to it."""
        return self.number == shard_of(portfolio, self.shards)


def shard_of(portfolio: str, shards: int) -> int:
    """Return to which of so many shards a portfolio belongs, by its name."""
    return max(range(shards), key=lambda shard: _weight(shard, portfolio))


def read_shard(text: str) -> Shard:
    """Read "3/16": the ordinal of a server and the number of shards; ordinals beyond it begin again with the first.

    Raises:
        ValueError: it is none.
    """
    found = _TEXT.fullmatch(text.strip())
    shards = int(found["shards"]) if found else 0
    if found is None or not 1 <= shards <= MOST:
        raise ValueError(f"give the ordinal of this server and the number of shards, 1 to {MOST}, for example 3/16")
    return Shard(int(found["ordinal"]) % shards, shards)


def _weight(shard: int, portfolio: str) -> bytes:
    return hashlib.blake2b(f"{shard}:{portfolio}".encode(), digest_size=8).digest()
