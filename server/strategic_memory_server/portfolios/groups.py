"""Groups: which portfolios borrow from each other just now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice

import redis.asyncio as redis

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.long_memory.lender import Lender
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.memory.portfolio_name import DEFAULT

MOST_READ = 64
"""So many others of a group are read, the first by name."""

READ_AT_ONCE = 8
"""So many memories of groups are being read at once, of all portfolios of a process."""

_NOBODY: Mapping[str, PortfolioSettings] = {}


class Groups:
    """Knows what every portfolio is told, those of other servers' shards too.

    Args:
        default: what the default portfolio is told.
    """

    def __init__(self, default: PortfolioSettings) -> None:
        self._default = default
        self._by_group: dict[str, dict[str, PortfolioSettings]] = {}
        self._holds_s: dict[str, float] = {}
        self._lenders: dict[tuple[redis.Redis, str, float, int], Lender] = {}
        self._turns = asyncio.Semaphore(READ_AT_ONCE)
        self.take(_NOBODY)

    def take(self, listed: Mapping[str, PortfolioSettings]) -> None:
        """Take what the portfolios beside the default one are told from now on."""
        self._by_group, self._holds_s, self._lenders = {}, {}, {}
        for name, settings in sorted({DEFAULT: self._default, **listed}.items()):
            if group := settings.sync.advice.group:
                self._by_group.setdefault(group, {})[name] = settings
                self._holds_s[group] = max(self._holds_s.get(group, 0.0), settings.sync.validity_s)

    def others(self, name: str, advice: AdviceSettings, client: redis.Redis) -> Mapping[str, Lender]:
        """Give the others of the group of a portfolio by name, those that decay as it does.

        Portfolios of a process share them, so that each memory is read once for all.

        Args:
            name: of the portfolio.
            advice: what it advises upon: it reads sums that decay as its own do.
            client: the Redis client; it must return bytes.
        """
        group, decay = self._by_group.get(advice.group, _NOBODY), advice.evidence.decay
        found = islice((each for each in group.items() if each[0] != name and _decay(each[1]) == decay), MOST_READ)
        return {other: self._lender(settings.key_prefix, advice, client) for other, settings in found}

    def _lender(self, prefix: str, advice: AdviceSettings, client: redis.Redis) -> Lender:
        decay, regimes = advice.evidence.decay, advice.max_regimes
        key = client, prefix, decay, regimes
        if key not in self._lenders:
            store = MemoryStore(client, prefix, decay, advice.trade_id_horizon, regimes)
            self._lenders[key] = Lender(store, self._turns, self._holds_s[advice.group])
        return self._lenders[key]


def _decay(settings: PortfolioSettings) -> float:
    return settings.sync.advice.evidence.decay
