"""Single values as a person reads them. What comes from other programs is shown without its control characters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from strategic_memory_client.values.figures import Interval
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.results import FeedbackStatus, Rules

NOT_KNOWN = "-"

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_COLOURS = {
    FeedbackStatus.ACTIVE: "green",
    FeedbackStatus.WARMING_UP: "yellow",
    FeedbackStatus.STALE: "red",
}


def plain(text: str) -> str:
    """Return the text without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def one_line(text: str) -> str:
    """Return the text in one line, without anything that a terminal would obey."""
    return plain(" ".join(text.split()))


def number(value: float | None, digits: int = 4) -> str:
    """Return a number, or a dash for one that is not known."""
    return NOT_KNOWN if value is None else f"{value:.{digits}g}"


def share(value: float | None) -> str:
    """Return a share of 1 in percent."""
    return NOT_KNOWN if value is None else f"{value:.1%}"


def with_interval(value: float | None, interval: Interval | None, shown: Callable[[float | None], str]) -> str:
    """Return a value and the interval around it, where there is one."""
    span = "" if interval is None else f" ({shown(interval.low)} to {shown(interval.high)})"
    return f"{shown(value)}{span}"


def name(value: Policy | Rules | None) -> str:
    """Return the name of a policy or of rules."""
    return NOT_KNOWN if value is None else value.value


def colour(status: FeedbackStatus) -> str:
    """Return the colour of a status."""
    return _COLOURS[status]


def moment_alone(when: datetime | None) -> str:
    """Return a time in UTC."""
    return NOT_KNOWN if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def moment(when: datetime | None, now: datetime) -> str:
    """Return a time in UTC and how far it is from now."""
    if when is None:
        return NOT_KNOWN
    distance = _duration(abs(when - now))
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ({f'{distance} ago' if when <= now else f'in {distance}'})"


def _duration(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"
