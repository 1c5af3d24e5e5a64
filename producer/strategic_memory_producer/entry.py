"""One entry of an input stream, checked and in the words of Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REGIMES = "meta.regime"
TRADES = "trade.results"
PORTFOLIO = "portfolio.memory"

WRITTEN_FOR_NONE = frozenset(
    (
        *("None", "none", "NONE", "nan", "NaN", "NAN", "null", "Null", "NULL", "nil", "<nil>", "(null)", "undefined"),
        *("<NA>", "NaT", "NA", "N/A", "n/a", "#N/A"),
    )
)
"""What programs write for an id that they do not have: the service reads it as none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is added to the stream `<prefix>:stream:<stream>`."""

    stream: str
    fields: Mapping[str, str]

    @property
    def counts_once(self) -> bool:
        """Whether the service counts it once, however often it is sent: a trade with an id that it reads as one."""
        # Made by hand it may have another one, and bytes.
        given: object = self.fields.get("trade_id", "")
        text = given.decode(errors="replace") if isinstance(given, bytes) else str(given)
        return self.stream == TRADES and text.strip() not in {"", *WRITTEN_FOR_NONE}
