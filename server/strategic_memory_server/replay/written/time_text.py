"""A time that is written out, taken apart: the numbers of its date in their order, its time of day, its zone."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime

MAX_CHARACTERS = 64
"""Longest time."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_SUFFIX, _GAP = "(?:st|nd|rd|th)?", "[-.,/ ]{0,2}"
_DATES = "|".join(
    (
        r"(?P<year>[0-9]{4})(?P<s1>[-./])(?P<month>[0-9]{1,2})(?P=s1)(?P<day>[0-9]{1,2})",
        r"(?P<one>[0-9]{1,2})(?P<s2>[-./])(?P<two>[0-9]{1,2})(?P=s2)(?P<last>[0-9]{4}|[0-9]{2})",
        rf"(?P<day1>[0-9]{{1,2}}){_SUFFIX}{_GAP}(?P<name1>{_MONTH_NAMES}){_GAP}(?P<year1>[0-9]{{4}}|[0-9]{{2}})",
        rf"(?P<name2>{_MONTH_NAMES})\.?[ -]+(?P<day2>[0-9]{{1,2}}){_SUFFIX},?[ -]+(?P<year2>[0-9]{{4}})",
        rf"(?P<year3>[0-9]{{4}})[-./ ](?P<name3>{_MONTH_NAMES})[-./ ](?P<day3>[0-9]{{1,2}})",
        r"(?P<year4>[0-9]{4})(?P<month4>[0-9]{2})(?P<day4>[0-9]{2})(?=[T ;,])",
    )
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"|(?P<hour1>[0-9]{2})(?P<minute1>[0-9]{2})(?P<second1>[0-9]{2})?"
    r"|(?P<hour2>[0-9]{1,2})(?= ?[aApP]\.?[mM])"
)
_TIME = re.compile(
    rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)})[a-z]*\.?,? +)?"
    rf"(?:{_DATES})(?:(?:[tT]| ?[,;] *| +- +| +)(?:{_CLOCK})(?: ?(?P<half>[ap]\.?m\b\.?))?)?(?P<zone>.*)",
    re.IGNORECASE,
)
_DAY_OF_MONTH = rf"(?:(?:{'|'.join(_WEEKDAYS)}) +)?(?:{_MONTH_NAMES}) +[0-9]{{1,2}}"
_OTHER_ORDERS = (
    # C and the shell: Fri Jan  5 09:30:00 UTC 2024.
    (
        rf"({_DAY_OF_MONTH}) +([0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}})(?: +([A-Z]{{2,5}}|[+-][0-9]{{4}}))? +([0-9]{{4}})",
        r"\1 \4 \2 \3",
    ),
    # Bybit: 09:30 2024-01-05.
    ("([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]m)?),? +([^:]*[0-9][^:]*)", r"\2 \1"),
    # China, Japan and Korea.
    (
        "([0-9]{4}) ?[\u5e74\ub144] ?([0-9]{1,2}) ?[\u6708\uc6d4] ?([0-9]{1,2}) ?[\u65e5\uc77c](?: *([0-9]{1,2}:.*))?",
        r"\1-\2-\3 \4",
    ),
)
"""What stands in another order or between other signs, and how it is written as the others are."""

_ORDERED = tuple((re.compile(other, re.IGNORECASE), usual) for other, usual in _OTHER_ORDERS)
_DATE = 10
"""Characters of a date of ISO 8601."""

_FIRST_YEAR = 90
"""Years of two digits begin with 1990."""


@dataclass(frozen=True, slots=True)
class TimeParts:
    """A time taken apart.

    Attributes:
        date: the three numbers of its date as they stand: year, month and day, where `is_sure`.
        is_sure: whether there is no question which of them is which.
        separator: what stands between them, where that is a question.
        two_digits: whether its year has two digits.
        clock: hour, minute, second, microsecond.
        half: whether it says which half of the day that is; None where there is no clock.
        weekday: the day of the week that stands before it, 0 for Monday; None without one.
        zone: what stands behind it, stripped.
    """

    date: tuple[int, int, int]
    is_sure: bool
    separator: str
    two_digits: bool
    clock: tuple[int, int, int, int]
    half: bool | None
    weekday: int | None
    zone: str

    def at(self, order: str) -> datetime:
        """Return the time, without its zone.

        Args:
            order: the order of the date's numbers, where that is a question: `ymd`, `dmy`, `mdy`.

        Raises:
            ValueError: there is no such day or time.
        """
        if self.is_sure:
            year, month, day = self.date
        elif order == "ymd" and not self.two_digits:
            raise ValueError(self.date)
        else:
            year, month, day = (self.date[order.index(each)] for each in "ymd")
        if self.two_digits:
            year += 1900 if year >= _FIRST_YEAR else 2000
        return datetime(year, month, day, *self.clock)  # noqa: DTZ001  its zone is read apart

    def is_of_its_weekday(self, at: datetime) -> bool:
        """Tell whether a time is on the day of the week that stands before it, if one does."""
        return self.weekday in (None, at.weekday())

    def orders(self) -> list[str]:
        """Return which of day first and month first give a day that there is: on its day of the week, if one does."""
        found: dict[str, bool] = {}
        for order in ("dmy", "mdy"):
            with contextlib.suppress(ValueError):
                found[order] = self.is_of_its_weekday(self.at(order))
        return [order for order, fits in found.items() if fits] or list(found)

    def supposed(self) -> datetime | None:
        """Return a time that it can be, without its zone; None where there is no such day or time."""
        order = next(iter(self.orders()), "")
        try:
            return self.at(order) if order or self.is_sure else None
        except ValueError:
            return None


def time_parts(text: str) -> TimeParts | None:
    """Take a time apart; None where the text is none, or has no date."""
    if len(text) > MAX_CHARACTERS:
        return None
    found = _TIME.fullmatch(text) or _in_another_order(text)
    if found is None:
        return None
    clock = _clock(found)
    if clock is None:
        return None
    zone = found["zone"].strip()
    has_clock = any(found[hour] for hour in ("hour", "hour1", "hour2"))
    if not has_clock and zone[:1] in ("+", "-"):
        # 2024-01-05-09:30 can be a time of that day, or the day in a zone.
        return None
    weekday = _WEEKDAYS.index(found["weekday"].lower()) if found["weekday"] else None
    behind = clock, bool(found["half"]) if has_clock else None, weekday, zone
    if found["one"]:
        date = int(found["one"]), int(found["two"]), int(found["last"])
        return TimeParts(date, False, found["s2"], len(found["last"]) < 4, *behind)
    for place, number in (("", ""), ("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")):
        year = found[f"year{place}"]
        if year:
            month = (
                int(found[f"month{number}"])
                if place in ("", "4")
                else _MONTHS.index(found[f"name{place}"][:3].lower()) + 1
            )
            return TimeParts((int(year), month, int(found[f"day{place}"])), True, "", len(year) < 4, *behind)
    return None


def _in_another_order(text: str) -> re.Match[str] | None:
    for other, usual in _ORDERED:
        if found := other.fullmatch(text):
            return _TIME.fullmatch(found.expand(usual).strip())
    return None


def _clock(found: re.Match[str]) -> tuple[int, int, int, int] | None:
    hour = int(found["hour"] or found["hour1"] or found["hour2"] or 0)
    minute = int(found["minute"] or found["minute1"] or 0)
    second = int(found["second"] or found["second1"] or 0)
    part = int((found["part"] or "0")[:6].ljust(6, "0"))
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    return hour, minute, second, part


def iso_time(text: str) -> datetime | None:
    """Return a time in a rarer form of ISO 8601, such as one by weeks; None for any other text."""
    if text[_DATE : _DATE + 1] in ("+", "-"):
        # Python takes any sign for the one before the time of day.
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
