"""Oddities: what is strange about entries that were used all the same, with one example of each kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.entries.letters_alike import LATIN_OF
from strategic_memory_server.figures.finite import ROUNDING_OF_PRICES
from strategic_memory_server.memory.strategic_memory import OTHER_REGIME, UNKNOWN_REGIME

MEANT = ("BULL", "RANGE", "BEAR", "VOLATILE", "UNCERTAIN", UNKNOWN_REGIME, OTHER_REGIME)
"""Names of regimes that mean something to the rules: what looks like one of them does not, though all write it so."""

SHOWN_CHARACTERS = 40

_WRAPPED = re.compile(r"""b?(['"`])(.*)\1|[\[({\u201c\u2018](.*?),?[\])}\u201d\u2019]""")
"""What Python shows of bytes, lists and tuples, and JSON writes for text."""

_MEMBER = re.compile(r"<\w+\.(\w+): .*>")
"""What Python shows of a member of an enumeration inside of something else."""

_OF_ENUMERATION = re.compile(r"\w*regime\w*\.(?=[^\W\d])")
"""Before a name, as Python shows a member of an enumeration."""

_POINT_ZERO = re.compile(r"(?<=\d)\.0+(?!\d)")
"""Behind a whole number, as spreadsheets and data frames write it."""

_NEGATIVE = re.compile(r"[-\u2212](?=\d)")
"""Before a number at the beginning of a name, which is another one without it."""

_AT_THE_ENDS = ".,;:!"
"""Marks behind or before a name that a reader overlooks."""

_LETTER_OF = str.maketrans("01i", "oll")
"""Digits, and the letters that they are taken for."""

_SPACING = str.maketrans("", "", " _-\u2010\u2011\u2012\u2013\u2014\u2212")

_UNSEEN = dict.fromkeys(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x180B, 0x180C, 0x180D, *range(0xFE00, 0xFE10)]
)
"""Characters that count as printable and show nothing."""

LOOKED_AT = 500
"""So many of the newest entries of a window say in which unit it is."""

NAMES_LOOKED_AT = 256

FEWEST_FOR_A_UNIT = 8
"""Entries that earned or lost something, below which nothing is said about their unit."""

FAR_WITHIN = 100.0
"""Entries of one stream that are so many times as large as its median are in another unit, or errors."""

FAR_BETWEEN = 300.0
"""The medians of two streams in the same unit are not so far apart."""

FEWEST_SMALL = 0.1
"""Share of entries that are as much smaller than the median, from which on they are another unit and not just small."""

FEWEST_OF_ALL = 3
"""Entries of all streams together, from which on there is advice: something is said about their unit from then on."""

FAR_AMONG_FEW = 1_000.0
"""As `FAR_WITHIN`, where a stream has too few entries for a unit of its own: a few say less about what is usual."""

FEWEST_SMALL_AMONG_FEW = 0.3
"""As `FEWEST_SMALL`, likewise: a trade that broke even but for its fees is one of a few."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One kind of strangeness.

    Attributes:
        source: name of the stream, or of several.
        entries: how many entries of the windows.
        example: one of them, printable, and cut.
    """

    source: str
    entries: int
    example: str


def shown(text: str | bytes) -> str:
    """Write text from outside so that it can do nothing to a terminal: ASCII, escaped, cut."""
    return ascii(text[:SHOWN_CHARACTERS]).removeprefix("b")


@lru_cache(4_096)
def skeleton(name: str) -> str:
    """Return what is left of a name without what a reader overlooks: script, width, case, marks, quotes, class, .0."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_UNSEEN)
    while wrapped := _WRAPPED.fullmatch(folded):
        folded = wrapped[wrapped.lastindex or 0]
    if member := _MEMBER.fullmatch(folded):
        folded = member[1]
    if enumeration := _OF_ENUMERATION.match(folded):
        folded = folded[enumeration.end() :]
    sign = "-" if _NEGATIVE.match(folded) else ""
    letters = "".join(_POINT_ZERO.sub("", folded).split()).translate(_SPACING).translate(LATIN_OF)
    return sign + (letters.strip(_AT_THE_ENDS) or letters)


_MEANT_BY_LETTERS = {skeleton(name).translate(_LETTER_OF): skeleton(name) for name in MEANT}


def look_alikes(entries: Mapping[str, int]) -> list[tuple[str, str]]:
    """Find regime names that a reader takes for the same: each with the one that it looks like.

    That is one of `MEANT`, whether or not any entry carries it; else the more frequent one.

    Args:
        entries: how many entries carry each name.
    """
    likeness = {skeleton(name): [name] for name in MEANT}
    for name in (name for name in list(entries)[:NAMES_LOOKED_AT] if name not in MEANT):
        left = skeleton(name) or name
        # V0LATILE; names that mean nothing to the rules may well be told apart by a digit.
        likeness.setdefault(_MEANT_BY_LETTERS.get(left.translate(_LETTER_OF), left), []).append(name)
    found: list[tuple[str, str]] = []
    for names in likeness.values():
        usual = max(names, key=lambda name: (name in MEANT, entries.get(name, 0), name.isascii(), name))
        found.extend((name, usual) for name in names if name != usual)
    return found


def newest_sizes(pnl: FloatColumn) -> FloatColumn:
    """How much the newest entries of a stream earned or lost, as `sizes_of` gives it."""
    return sizes_of(pnl[-LOOKED_AT:])


def sizes_of(pnl: FloatColumn) -> FloatColumn:
    """How much entries earned or lost, ascending, without those that did neither."""
    sizes = np.sort(np.abs(pnl[~np.isnan(pnl)]))
    found: FloatColumn = sizes[np.searchsorted(sizes, 0.0, side="right") :]
    # 0.1 + 0.2 - 0.3 broke even.
    return found[np.searchsorted(found, ROUNDING_OF_PRICES * _median(found), side="right") :] if found.size else found


def mixed_units(source: str, sizes: FloatColumn) -> Iterable[Oddity]:
    """Find entries of a stream that are in another unit than the rest of it, by their `sizes_of`."""
    if sizes.size >= FEWEST_FOR_A_UNIT:
        yield from _far_from_median(source, sizes, FAR_WITHIN, FEWEST_SMALL)


def mixed_among_few(sizes: Mapping[str, FloatColumn]) -> Iterable[Oddity]:
    """Find entries in another unit where a stream has too few for one of its own: among those of all streams."""
    together = np.sort(np.concatenate(list(sizes.values())))
    if together.size >= FEWEST_OF_ALL and any(0 < each.size < FEWEST_FOR_A_UNIT for each in sizes.values()):
        yield from _far_from_median("all streams", together, FAR_AMONG_FEW, FEWEST_SMALL_AMONG_FEW)


def _far_from_median(source: str, sizes: FloatColumn, far: float, fewest_small: float) -> Iterable[Oddity]:
    median = _median(sizes)
    large = sizes.size - int(np.searchsorted(sizes, median * far))
    small = int(np.searchsorted(sizes, median / far, side="right"))
    if large:
        yield Oddity(source, large, f"{sizes[-1]:g} where the median is {median:g}")
    elif small >= fewest_small * sizes.size:
        yield Oddity(source, small, f"{sizes[0]:g} where the median is {median:g}")


def different_units(sizes: Mapping[str, FloatColumn]) -> Iterable[Oddity]:
    """Find two streams that are in different units, by their `sizes_of`."""
    medians = sorted((_median(each), source) for source, each in sizes.items() if each.size >= FEWEST_FOR_A_UNIT)
    if medians and medians[-1][0] >= medians[0][0] * FAR_BETWEEN:
        (small, small_source), (large, large_source) = medians[0], medians[-1]
        entries = min(sizes[small_source].size, sizes[large_source].size)
        example = f"the median is {large:g} in {large_source} and {small:g} in {small_source}"
        yield Oddity(f"{large_source} and {small_source}", entries, example)


def _median(sizes: FloatColumn) -> float:
    return float(sizes[sizes.size // 2])
