"""One entry of an input stream, checked and in the words of Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REGIMES = "meta.regime"
TRADES = "trade.results"
PORTFOLIO = "portfolio.memory"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is added to the stream `<prefix>:stream:<stream>`."""

    stream: str
    fields: Mapping[str, str]

    @property
    def counts_once(self) -> bool:
        """Whether the service counts it once, however often it is sent."""
        return "trade_id" in self.fields
