"""In which currency a market of an exchange pays, and which one a column of currencies says."""

from __future__ import annotations

import re

from strategic_memory_server.replay.files.cell_columns import NOTHING
from strategic_memory_server.replay.files.csv_layout import is_value
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.written.currencies import CURRENCIES

_QUOTED_IN = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "BTC")
_INVERSE = re.compile(r"([A-Z0-9]+)USD(?:[FGHJKMNQUVXZ][0-9]{2})?")
_OF_MARKETS = frozenset(("contracts", "market", "symbol"))
"""Columns whose names may be of markets that pay in nobody knows what."""


def currency_said(column: str, text: str) -> str:
    """Return the currency that a cell of a column of currencies or markets says; empty: none, or unknown.

    Whatever else stands in a column of currencies is one of its own: a sign, a word, a coin of which nobody has heard.
    """
    known, pair = settled_in(text), re.sub(r"[^A-Z]", "", text.upper())
    is_pair = {pair[:3], pair[3:]} <= CURRENCIES
    if known or is_pair or plain_name(column) in _OF_MARKETS or text.casefold() in NOTHING or is_value(text):
        return known
    return text.upper()


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
