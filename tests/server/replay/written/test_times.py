"""Times as people write them: read as they are meant, or refused with what would decide it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from each_case import each_case
from server.replay.written.written_columns import refused, times_of

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared
from strategic_memory_server.replay.written.zones import named_zone

AT = datetime(2024, 1, 5, 9, 30, tzinfo=UTC)
AT_MS = 1_704_447_000_000
NEXT_MS = AT_MS + 24 * 3_600_000
ZONELESS = ", those without a zone read as UTC"
DAYS = ZONELESS + ", days without an hour as their midnight"

COLUMNS: list[tuple[list[Cell], list[int | None], str]] = [
    (["1704447000000", "1704533400000"], [AT_MS, NEXT_MS], "milliseconds since 1970"),
    (["1704447000", "1704533400"], [AT_MS, NEXT_MS], "seconds since 1970"),
    (["1704447000.25", "1704533400"], [AT_MS + 250, NEXT_MS], "seconds since 1970"),
    (["1704447000000000", "1704533400000999"], [AT_MS, NEXT_MS], "microseconds since 1970"),
    (["1704447000000000000", "1704533400000999999"], [AT_MS, NEXT_MS], "nanoseconds since 1970"),
    (["1.7044506e+18", ""], [AT_MS + 3_600_000, None], "nanoseconds since 1970"),
    (["1.704447000123e+12", "1.7045334E+12"], [AT_MS + 123, NEXT_MS], "milliseconds since 1970"),
    (["726000000", "1704447000"], [726_000_000_000, AT_MS], "seconds since 1970"),
    (["631152000000000000", "1704447000000000000"], [631_152_000_000, AT_MS], "nanoseconds since 1970"),
    ([1704447000000, None], [AT_MS, None], "milliseconds since 1970"),
    ([1704447000.5, None], [AT_MS + 500, None], "seconds since 1970"),
    (["45296.395833", "45297"], [AT_MS, NEXT_MS - 34_200_000], "days of a spreadsheet since 1900" + ZONELESS),
    (["45296,395833333336"], [AT_MS], "days of a spreadsheet since 1900" + ZONELESS),
    (["20240105", "20240106"], [AT_MS - 34_200_000, NEXT_MS - 34_200_000], "dates of 8 digits" + DAYS),
    (["202401050930"], [AT_MS], "times of 12 digits" + ZONELESS),
    (["20240105093000", "20240106093000"], [AT_MS, NEXT_MS], "times of 14 digits" + ZONELESS),
    (["2024-01-05T09:30:00", "2024-01-06 09:30"], [AT_MS, NEXT_MS], "ISO 8601" + ZONELESS),
    (["2024-01-05T10:30:00.000+01:00", "2024-01-06T09:30Z"], [AT_MS, NEXT_MS], "ISO 8601"),
    (["2024-01-05 09:30:00 +0000", "2024-01-06 09:30:00 UTC"], [AT_MS, NEXT_MS], "dates and times"),
    (["2024-01-05 10:30:00 Europe/Berlin", "2024-01-06 09:30:00 GMT"], [AT_MS, NEXT_MS], "dates and times"),
    (["2024.01.05 09:30:00", "2024/01/06 9:30"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["2024-01-05, 09:30:00", "20240106;093000"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["05.01.2024 09:30", "06.01.2024 09:30"], [AT_MS, NEXT_MS], "dates and times, day first" + ZONELESS),
    (["05/01/2024 9:30 AM", "13/01/2024 12:30 PM"], [AT_MS, AT_MS + 8 * 86_400_000 + 10_800_000],
     "dates and times, day first" + ZONELESS),
    (["01/05/2024 09:30 am", "01/13/2024 12:30 am"], [AT_MS, AT_MS + 8 * 86_400_000 - 32_400_000],
     "dates and times, month first" + ZONELESS),
    (["1/5/2024 - 09:30:00", "1/13/2024 - 09:30:00"], [AT_MS, AT_MS + 8 * 86_400_000],
     "dates and times, month first" + ZONELESS),
    (["05/05/2024"], [1_714_867_200_000], "dates and times, day first" + DAYS),
    # The 5th of June was a Wednesday, the 6th of May none.
    (["Wednesday, 05/06/2024"], [1_717_545_600_000], "dates and times, day first" + DAYS),
    (["Monday, 05/06/2024 09:30", "Fri 10/11/2024"], [1_714_987_800_000, 1_728_604_800_000],
     "dates and times, month first" + DAYS),
    (["Wednesday, 05/05/2021", "Wednesday, 05/12/2021"], [1_620_172_800_000, 1_620_777_600_000],
     "dates and times, month first" + DAYS),
    (["'2024-01-05 09:30", "'20240106;093000"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["'1704447000"], [AT_MS], "seconds since 1970"),
    (["5 Jan 2024 09:30", "January 6, 2024 09:30"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["Fri, 05 Jan 2024 09:30:00 GMT", "06-Jan-2024 09:30:00Z"], [AT_MS, NEXT_MS], "dates and times"),
    (["2024-01-05T09:30:00.123456789", "NaT", ""], [AT_MS + 123, None, None], "dates and times" + ZONELESS),
    (["2024-W01-5", "2024-01-05 09:30"], [AT_MS - 34_200_000, AT_MS], "dates and times" + ZONELESS),
    (["20240105", "2024-01-05 09:30"], [AT_MS - 34_200_000, AT_MS], "dates of 8 digits and dates and times" + DAYS),
    (["2024-01-05", "2024-01-06"], [AT_MS - 34_200_000, NEXT_MS - 34_200_000], "ISO 8601" + DAYS),
    (["2024-01-05T10:30:00+01:00[Europe/Berlin]", "Sat Jan 06 2024 09:30:00 GMT+0000 (Coordinated Universal Time)"],
     [AT_MS, NEXT_MS], "dates and times"),
    (["Fri Jan  5 09:30:00 2024", "Sat Jan 06 09:30:00 2024"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["Fri Jan  5 09:30:00 UTC 2024", "Sat Jan 06 10:30:00 +0100 2024"], [AT_MS, NEXT_MS], "dates and times"),
    (["09:30 2024-01-05", "9:30:00, 6 Jan 2024"], [AT_MS, NEXT_MS], "dates and times" + ZONELESS),
    (["09:30 05.01.2024", "09:30 06.01.2024"], [AT_MS, NEXT_MS], "dates and times, day first" + ZONELESS),
    (["2024\u5e741\u67085\u65e5 09:30", "2024\ub144 01\uc6d4 06\uc77c 09:30:00"], [AT_MS, NEXT_MS],
     "dates and times" + ZONELESS),
]  # fmt: skip


@each_case("column", COLUMNS)
def test_a_column_is_read_in_the_way_in_which_it_is_written(column: tuple[list[Cell], list[int | None], str]) -> None:
    cells, values, told = column
    assert times_of([cells]) == (values, told)
    # The page that decides may be any.
    assert times_of([[cell] for cell in reversed(cells)]) == (values[::-1], told)


REFUSED: list[tuple[list[Cell], str]] = [
    (
        ["01/05/2024", "02/05/2024"],
        r"'01/05/2024' \(line 1\) has the day first or the month first, .* --dates day-first",
    ),
    (["01-05-2024"], "--dates day-first"),
    (["13/01/2024", "01/13/2024"], r"'13/01/2024' .* and '01/13/2024' .* have the day first and the month first"),
    (["09:30 01/05/2024"], "--dates day-first"),
    (["Fri Jan  5 09:30:00 EST 2024"], "names a zone by EST"),
    (["24-01-05 09:30:00"], r"'24-01-05 09:30:00' .* has a year of two digits: .* year-first"),
    (["05-Jan-24"], "has a year of two digits"),
    (["2024-01-05 09:30 EST"], "names a zone by EST, .* --zone America/New_York"),
    (["1704447000", "1704447000000"], "are seconds since 1970 and milliseconds since 1970"),
    (["45296.25", "2024-01-05"], "are a date and a number"),
    # A spreadsheet with the month first has taken 05/06/2024 for its own.
    (["2024-05-06T00:00:00", "13/06/2024"], r"'2024-05-06T00:00:00' .* and '13/06/2024' .* written in two ways: a sp"),
    (["5 May 2024", "13.06.2024 09:30"], "written in two ways"),
    (["05.06.2024", "05/13/2024"], r"'05.06.2024' .* and '05/13/2024' .* written in two ways"),
    (["01/25/2024 1:30", "01/25/2024 09:30 PM"], "are times without AM or PM and with it"),
    (["1.70445e+12", "1.7045E+12"], r"'1.70445e\+12' \(line 1\) has lost its digits"),
    (["1.704447E+18", "1.704533E+18"], "has lost its digits"),
    (["638400762000000000"], "would read as 1990-03-25 in nanoseconds .* and is 2024-01-05 in ticks of .NET"),
    (["726139800.5", "726226200"], "'726139800.5' .* 1993-01-04 in seconds since 1970, and is 2024-01-05 in .* Apple"),
    ([757_762_200_000_000], "1994-01-05 in microseconds since 1970, and is 2024-01-05 .* PostgreSQL"),
]


@each_case("column", REFUSED)
def test_a_column_that_can_be_read_in_two_ways_is_refused_with_an_example(column: tuple[list[Cell], str]) -> None:
    cells, why = column
    with pytest.raises(ReplayError, match=why):
        times_of([cells])
    with pytest.raises(ReplayError):
        times_of([[cell] for cell in reversed(cells)])


def test_a_date_on_another_day_of_the_week_is_refused_alone() -> None:
    found = times_of([["Friday, 2024-01-05 09:30", "Sat, 2024-01-05"]])[0]
    assert found == [AT_MS, "time_on_another_weekday"]
    assert times_of([["Wednesday, 05/13/2024"]])[0] == ["time_on_another_weekday"]


def test_letters_that_stand_for_several_zones_are_no_zone_and_the_error_says_what_is_one() -> None:
    with pytest.raises(ValueError, match=r"EST stands for several zones: name a place, America/New_York, or an offset"):
        named_zone("EST")


def test_a_time_with_an_exponent_whose_digits_are_lost_is_refused_among_others() -> None:
    assert times_of([["1704447000000", "1.70445e+12"]])[0] == [AT_MS, "time_has_lost_its_digits"]


@each_case(
    "cell",
    [
        "2024-02-30",
        "2024-01-05 25:00",
        "2024-01-05 09:30 Mars/Olympus",
        "13:30 PM 2024",
        "soon",
        "2024-13-01",
        "1,5,2024",
        # That day in a zone, or a time of that day.
        "2024-01-05-09:30",
        "2024-01-05+05:00",
    ],
)
def test_what_is_no_time_is_refused_alone(cell: str) -> None:
    assert times_of([["2024-01-05 09:30", cell]])[0] == [AT_MS, "time_not_a_time"]


def test_what_is_said_decides() -> None:
    slashes = [["01/05/2024 09:30", "02/05/2024 09:30"]]
    assert times_of(slashes, Declared(order="dmy"))[0] == [1_714_555_800_000, 1_714_642_200_000]
    assert times_of(slashes, Declared(order="mdy"))[0] == [AT_MS, AT_MS + 31 * 86_400_000]
    assert times_of([["24-01-05 09:30:00"]], Declared(order="ymd"))[0] == [AT_MS]
    assert times_of([["05-01-99"]], Declared(order="dmy"))[0] == [915_494_400_000]
    assert times_of([["17", "18"]], Declared(unit=Unit.MILLISECONDS))[0] == [17, 18]
    assert times_of([[1_704_447_000_000]], Declared(unit=Unit.MILLISECONDS))[0] == [AT_MS]


def test_a_zone_is_that_of_times_without_one() -> None:
    berlin = Declared(zone=ZoneInfo("Europe/Berlin"))
    told = ", those without a zone read as Europe/Berlin"
    for cell in ("2024-01-05 10:30", "20240105103000", "05.01.2024 10:30", "45296.4375"):
        found, said = times_of([[cell]], berlin)
        assert found == [AT_MS], cell
        assert said.endswith(told)
    assert times_of([["2024-01-05 09:30Z", 1_704_447_000]], berlin)[0] == [AT_MS, AT_MS]
    found, _ = times_of([["2024-03-31 02:30", "2024-10-27 02:30", "2024-10-27 03:30"]], berlin)
    assert found == ["time_never_in_zone", "time_twice_in_zone", 1_729_996_200_000]
    york = Declared(zone=ZoneInfo("America/New_York"))
    assert times_of([["2024-01-05 04:30 EST", "2024-11-03 01:30 EST"]], york)[0] == [AT_MS, 1_730_615_400_000]


FORMS = (
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%z", "%Y.%m.%d %H:%M:%S", "%Y%m%d;%H%M%S", "%Y%m%d%H%M%S",
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%B %d, %Y %H:%M:%S",
    "%Y-%m-%d, %H:%M:%S",
)  # fmt: skip


@each_case("seed", range(800))
def test_a_column_in_any_one_way_gives_its_values_back_or_is_refused(seed: int) -> None:
    source = random.Random(seed)
    times = [
        datetime(1991, 1, 1, tzinfo=UTC) + timedelta(seconds=source.randrange(35 * 365 * 86_400))
        for _ in range(source.randrange(1, 5))
    ]
    form = source.choice([*FORMS, "s", "ms", "us", "ns", "days"])
    if form in ("s", "ms", "us", "ns"):
        factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[form]
        cells = [str(int(at.timestamp()) * factor) for at in times]
    elif form == "days":
        cells = [f"{at.timestamp() / 86_400 + 25_569:.6f}" for at in times]
    else:
        cells = [at.strftime(form) for at in times]
    expected = [int(at.timestamp()) * 1000 for at in times]
    pages = [[cell] for cell in cells]
    may_be_refused = form[1:3] in ("d/", "m/")
    why = refused(lambda: times_of(pages))
    # A few years after 1990 are those of today for programs that count from 2001.
    is_early = form in ("s", "ms", "us", "ns") and max(times) < datetime(1997, 1, 1, tzinfo=UTC)
    if is_early and why:
        assert " in " + form.replace("ms", "milli").replace("us", "micro").replace("ns", "nano") in why
        return
    if may_be_refused and why:
        assert "--dates" in why
    else:
        assert times_of(pages)[0] == expected
    assert times_of(pages, Declared(order="mdy" if form[1:3] == "m/" else "dmy"))[0] == expected
    order = Declared(order="mdy" if form[1:3] == "m/" else "dmy")
    assert times_of([cells, [*cells, ""]], order)[0] == [*expected, *expected, None]
