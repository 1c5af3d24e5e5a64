"""Letters of other scripts that a reader takes for Latin ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_CYRILLIC_AND_GREEK = ("АВЕКМНОРСТУХІЈЅԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSQWABEZHIKMNOPTYX")

_BY_NUMBER = (
    # Cyrillic, of rarer languages.
    ("050C 0474 04C0 04AE 04BA", "GVIYH"),
    # Armenian.
    ("054D 0555", "UO"),
    # Cherokee.
    ("13A0 13A1 13A2 13AA 13AB 13AC 13B3 13B7 13BB 13C0 13C3 13D9 13DA 13DE 13DF 13E2 13E6 13F4", "DRTAJEWMHGZVSLCPKB"),
)
"""Capitals, hexadecimal, and what each looks like."""

_LISU = "BP DT GK JC ZF MNLSR  VH  WXY A E IOU"
"""What the letters of Lisu look like, from U+A4D0 on."""

_SMALL_CAPITALS = (*range(0x0250, 0x02B0), *range(0x1D00, 0x1D26), 0xA730, 0xA731)
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "


def _pairs() -> Iterator[tuple[str, str]]:
    """Yield each letter with the capital that it looks like."""
    yield from zip(*_CYRILLIC_AND_GREEK, strict=True)
    for numbers, letters in _BY_NUMBER:
        yield from zip((chr(int(number, 16)) for number in numbers.split()), letters, strict=True)
    yield from ((chr(0xA4D0 + place), letter) for place, letter in enumerate(_LISU) if letter != " ")
    for code in _SMALL_CAPITALS:
        before, _, letter = unicodedata.name(chr(code)).partition(_SMALL_CAPITAL)
        if not before and len(letter) == 1:
            yield chr(code), letter


LATIN_OF = {ord(letter.casefold()): latin.casefold() for letter, latin in _pairs()}
"""For `str.translate`, of text whose case is folded."""
