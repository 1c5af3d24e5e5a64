"""What the name of a column says of its cells: the zone of times, and that numbers are percent."""

from __future__ import annotations

import re

_OFFSET = r"(?:UTC|GMT)(?:[+-][0-9]{1,2}(?::?[0-9]{2})?)?"
_PLACE = r"[A-Z][A-Za-z_]+/[A-Za-z_/]+"
_LETTERS = (
    "EST|EDT|ET|CST|CDT|CT|MST|MDT|MT|PST|PDT|PT|BST|WET|WEST|CET|CEST|EET|EEST|MSK|IST|SGT|HKT|CHN|JST|KST|AEST|AEDT"
)
_IN_BRACKETS = re.compile(rf"(.*?)[\s_]*[(\[]\s*({_OFFSET}|[+-][0-9]{{1,2}}:[0-9]{{2}}|{_PLACE}|{_LETTERS})\s*[)\]]")
_BEFORE = re.compile(rf"({_OFFSET})[\s_-]+(.*)")
_BEHIND = re.compile(rf"(.*[^A-Za-z])({_OFFSET}|{_LETTERS})")
_LONGEST = 100
"""Longer names say no zone."""

_OF_TIMES = re.compile(r"time|date|stamp|open|clos|entry|exit", re.IGNORECASE)

_PERCENT = re.compile(
    r"%|(?<![a-z])(?i:pct|percent(?:age)?)(?![A-Za-z])|(?i:pnl|profit|gain|returns?)(?i:pct|percent(?:age)?)(?![a-z])"
)
_FRACTIONS = ("pct_change",)
"""Names that say percent and hold fractions: pandas calls them so."""


def without_zone(name: str, *, clear_ones: bool = False) -> tuple[str, str]:
    """Return the name of a column of times without the zone in it, and the zone; empty without one.

    Args:
        name: the name.
        clear_ones: whether letters that stand for several zones are left in it.
    """
    if len(name) > _LONGEST:
        return name, ""
    text = re.sub(r"\s*([+-])\s*(?=[0-9])", r"\1", name).strip()
    for utc in ("utc", "gmt"):
        text = re.sub(rf"(?<![A-Za-z]){utc}(?![A-Za-z])", utc.upper(), text, flags=re.IGNORECASE)
    if before := _BEFORE.fullmatch(text):
        rest, zone = before[2], before[1]
    elif behind := _IN_BRACKETS.fullmatch(text) or _BEHIND.fullmatch(text):
        rest, zone = behind[1], behind[2]
    else:
        return name, ""
    is_zone = _OF_TIMES.search(rest) and not (clear_ones and zone in _LETTERS.split("|"))
    return (rest.rstrip(" _-,"), zone) if is_zone else (name, "")


def says_percent(name: str) -> bool:
    """Tell whether a name says that the numbers of its column are percent."""
    return name not in _FRACTIONS and _PERCENT.search(name) is not None
