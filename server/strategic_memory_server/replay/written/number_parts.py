"""A number as it is written, taken apart: sign, digits and separators, percent, currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from strategic_memory_server.replay.written.currencies import CURRENCIES

MAX_CHARACTERS = 1_100
"""Longest number; no 64-bit float needs more, written out exactly."""

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2008\u2009\u200a\u2002\u2003\t", " "),
        **dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"),
        # Marks of direction, which some programs write before a minus.
        **dict.fromkeys("\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u202a\u202c\ufeff", None),
    }
)

_SIGNS = {"US$": "USD", "A$": "AUD", "C$": "CAD", "HK$": "HKD", "NZ$": "NZD", "S$": "SGD", "R$": "BRL", "€": "EUR"} | {
    "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND", "฿": "THB",
    "₦": "NGN", "₱": "PHP", "₿": "BTC", "₮": "USDT", "zł": "PLN", "Kč": "CZK", "¥": "¥", "$": "$", "kr": "kr",
    "Rs.": "INR", "Rs": "INR", "Fr.": "CHF",
}  # fmt: skip

_OF_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "USDT", "USDC"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
}
"""Which currencies have a sign that several have."""

_PERCENT = "%"
_WITH_UNIT = re.compile(r"([^A-Za-z]*[0-9)]) ?([A-Za-z\u2030]{1,12})")
_CURRENCY = "|".join(
    [*map(re.escape, sorted(_SIGNS, key=len, reverse=True)), "[A-Z]{3,6}", "usdt?", "usdc", "eur", "btc"]
)
_NUMBER = re.compile(
    rf"(?P<outer>{_CURRENCY})? ?(?P<open>\()? ?(?P<minus>[+-])? ?(?P<before>{_CURRENCY})? ?(?P<inner>[+-])? ?"
    r"(?P<body>[0-9][0-9.,' ]*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    rf" ?(?P<percent>%)? ?(?P<behind>{_CURRENCY})? ?(?P<trailing>-)? ?(?P<close>\))? ?(?P<far>%|{_CURRENCY})?"
)
_NUMPY_SCALAR = re.compile(r"(?:np|numpy)\.(?:float|u?int|longdouble)[0-9]*\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class NumberParts:
    """A number taken apart.

    Attributes:
        negative: whether it is below 0, however that is written.
        body: digits and separators: `.`, `,`, `'` and blank.
        exponent: of ten, with its letter; empty without one.
        percent: whether a percent sign stands behind it.
        currency: code of the currency, or its sign where that has several; empty without one.
    """

    negative: bool
    body: str
    exponent: str
    percent: bool
    currency: str


def same_signs(text: str) -> str:
    """Return a text with the minuses, blanks and apostrophes of typesetters as those of a keyboard."""
    return text.translate(_SAME)


def plain_signs(text: str) -> str:
    """Return a text with the minuses, blanks and apostrophes of typesetters as those of a keyboard, stripped."""
    plain = same_signs(text).strip()
    # A spreadsheet is kept from reading a cell by ="..." or by an apostrophe.
    plain = plain[2:-1].strip() if plain.startswith('="') and plain.endswith('"') else plain
    return plain.removeprefix("'")


def number_parts(text: str) -> NumberParts | None:
    """Take a number apart; None where the text is none. Signs are those of `plain_signs`."""
    if written := _NUMPY_SCALAR.fullmatch(text):
        text = written[1]
    found = _NUMBER.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if found is None:
        return None
    bracketed = found["open"] is not None
    signs = [sign for sign in (found["minus"], found["inner"], found["trailing"]) if sign]
    if bracketed != (found["close"] is not None) or len(signs) + bracketed > 1:
        return None
    around = [
        each for each in (found["outer"], found["before"], found["behind"], found["percent"], found["far"]) if each
    ]
    currency = _one_currency(list(map(_named, around)))
    if currency is None:
        return None
    return NumberParts(
        bracketed or signs == ["-"],
        found["body"].rstrip(" "),
        found["exponent"] or "",
        currency == _PERCENT,
        "" if currency == _PERCENT else currency,
    )


def can_be_same(one: str, other: str) -> bool:
    """Tell whether two currencies can be one: a sign that several have is that of each of them."""
    return one == other or other in _OF_SIGNS.get(one, ()) or one in _OF_SIGNS.get(other, ())


def _one_currency(around: Sequence[str]) -> str | None:
    """Return the currency that stands around a number, empty where none does; None where it is none, or not one."""
    if len(around) == 2 and around[1] in _OF_SIGNS.get(around[0], (around[0],)) and around[1] != _PERCENT:
        # A sign that has several currencies, and the code that tells which.
        return around[1]
    return None if len(around) > 1 or "" in around else "".join(around)


def _named(currency: str) -> str:
    code = _SIGNS.get(currency, currency.upper())
    return code if currency in _SIGNS or code in CURRENCIES or code == _PERCENT else ""


def unknown_unit(text: str) -> tuple[str, str] | None:
    """Return the number and the letters behind it, of a text that is no number with a currency; None for others."""
    found = _WITH_UNIT.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    return (found[1], found[2]) if found and number_parts(found[1]) else None


_IN_THREES = {
    separator: re.compile(rf"[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+")
    for separator, mark in ((".", r"\."), (",", ","), ("'", "'"), (" ", " "))
}
_AS_IN_INDIA = re.compile(r"[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}")


def is_grouped(digits: str, separator: str) -> bool:
    """Tell whether digits are in groups of three, or as in India of two before the last three."""
    found = _IN_THREES[separator].fullmatch(digits)
    return found is not None or (separator == "," and _AS_IN_INDIA.fullmatch(digits) is not None)
