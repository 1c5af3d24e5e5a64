"""In which currency a market of an exchange pays."""

from __future__ import annotations

import re

from strategic_memory_server.replay.written.currencies import CURRENCIES

_QUOTED_IN = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "BTC")
_INVERSE = re.compile(r"([A-Z0-9]+)USD(?:[FGHJKMNQUVXZ][0-9]{2})?")


def settled_in(text: str) -> str:
    """Return the currency that is named, or in which a market pays: BTCUSDT in USDT, BTCUSD in BTC; empty: unknown."""
    name = re.sub(r"[-/: ]", "", text.upper()).partition("_")[0]
    if name in CURRENCIES:
        return name
    if name.endswith("PERP"):
        return "USDC"
    quoted = next((each for each in _QUOTED_IN if name.endswith(each)), "")
    inverse = _INVERSE.fullmatch(name)
    return quoted or (inverse[1] if inverse else "")
