"""Numbers as people write them: read as they are meant, or refused with what would decide it."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from each_case import each_case
from server.replay.written.written_columns import numbers_of, refused

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.ways import Declared

COLUMNS: list[tuple[list[Cell], list[float | None], str]] = [
    (["1.5", "-2", "", "+3e2", " 4 "], [1.5, -2.0, None, 300.0, 4.0], ""),
    (["0.123", "1.234"], [0.123, 1.234], ""),
    (["1234", "1.234"], [1234.0, 1.234], ""),
    (["12345", "12.345"], [12345.0, 12.345], ""),
    (["$5 USD", "$1,234.50 USD"], [5.0, 1234.5], "decimal point, thousands by comma, in USD"),
    (["1.234", "1.23"], [1.234, 1.23], ""),
    (["0.234", 7.5], [0.234, 7.5], ""),
    (["1.234,50", "-470", "5.210"], [1234.5, -470.0, 5210.0], "decimal comma, thousands by dot"),
    (["1,041.80", "67.80"], [1041.8, 67.8], "decimal point, thousands by comma"),
    (["1.234.567", "1.234"], [1234567.0, 1234.0], "decimal comma, thousands by dot"),
    (["12,34,567.50", "1,234"], [1234567.5, 1234.0], "decimal point, thousands by comma"),
    (["0,5", "-12"], [0.5, -12.0], "decimal comma"),
    (["10 033.90", "12"], [10033.9, 12.0], "decimal point, thousands by blank"),
    (["10\u00a0033,90", "1\u202f234"], [10033.9, 1234.0], "decimal comma, thousands by blank"),
    (["1 234", "1.234"], [1234.0, 1.234], "decimal point, thousands by blank"),
    (["1'234.50", "1\u2019234"], [1234.5, 1234.0], "decimal point, thousands by apostrophe"),
    (["\u22121.5", "\u20132", "3"], [-1.5, -2.0, 3.0], "minuses of other forms"),
    (["1.5-", "(2.25)", "3.125"], [-1.5, -2.25, 3.125], "minuses of other forms"),
    (["0.52%", "-1 %", "0", "(3%)"], [0.0052, -0.01, 0.0, -0.03], "percent, read as fractions, minuses of other forms"),
    (["0,52%", "12%"], [0.0052, 0.12], "decimal comma, percent, read as fractions"),
    (["-482.02814900 USDT", "0", "17.5 USDT"], [-482.028149, 0.0, 17.5], "in USDT"),
    (["$1,041.80", "-$3.50", "$-0.25", "($1)"], [1041.8, -3.5, -0.25, -1.0],
     "decimal point, thousands by comma, in $, minuses of other forms"),
    (["€ 3", "-4,5€", "EUR 1", "2 EUR"], [3.0, -4.5, 1.0, 2.0], "decimal comma, in EUR"),
    (["(470) €", "€ (1,5)"], [-470.0, -1.5], "decimal comma, in EUR, minuses of other forms"),
    (["5 TRX", "-1 TRX"], [5.0, -1.0], "in TRX"),
    (["'-0.0226", "'1.5"], [-0.0226, 1.5], ""),
    (["nan", "N/A", "--", "-", "None", "null", "1.5"], [None] * 6 + [1.5], ""),
    (["np.float64(0.5)", "-1.25"], [0.5, -1.25], ""),
    ([1.234, 2, None, float("nan")], [1.234, 2.0, None, None], ""),
]  # fmt: skip


@each_case("column", COLUMNS)
def test_a_column_is_read_in_the_way_in_which_it_is_written(column: tuple[list[Cell], list[float | None], str]) -> None:
    cells, values, told = column
    assert numbers_of([cells]) == (values, told)
    # The page that decides may be any.
    assert numbers_of([[cell] for cell in reversed(cells)]) == (values[::-1], told)


REFUSED = [
    (["-1.230", "-470"], r"pnl: '-1.230' \(line 1\) is -1230 or -1.230, .* --decimal comma for -1230"),
    (["1,234", "12"], r"'1,234' .* is 1234 or 1.234, .* --decimal point for 1234, --decimal comma for 1.234"),
    # Where Spanish is spoken, four digits are no groups yet.
    (["1234", "12.345"], r"'12.345' .* is 12345 or 12.345"),
    (["1,234", "1.234"], r"'1,234' .* and '1.234' .* can be decimals or thousands"),
    (["1.234,5", "1,234.5"], "are written in two ways"),
    (["1.234.567", "0.52"], "are written in two ways"),
    (["1,234,567", "1.234.567"], "are written in two ways"),
    (["0.52%", "0.6"], r"'0.52%' .* and '0.6' .* are percent and no percent"),
    (["1.5 EUR", "2.5 USD"], "are EUR and USD"),
    (["1.5 EUR", "2.5"], "are EUR and no currency"),
    (["1.2 MIO", "3.25 MIO"], r"'1.2 MIO' \(line 1\) would read as 1.2 in MIO, which is no currency"),
    (["3 PCT", "-4 PCT"], "3 in PCT, .* percent with %"),
    (["1.2K", "-0.5K"], "1.2 in K, .* a factor"),
    (["5 bps"], "5 in bps"),
    (["-1R"], "-1 in R"),
    (["$1.2M"], r"\$1.2 in M"),
]


@each_case("column", REFUSED)
def test_a_column_that_can_be_read_in_two_ways_is_refused_with_an_example(column: tuple[list[str], str]) -> None:
    cells, why = column
    with pytest.raises(ReplayError, match=why):
        numbers_of([cells])
    with pytest.raises(ReplayError):
        numbers_of([[cell] for cell in reversed(cells)])


NO_NUMBERS = [
    "5 pips",
    "12 bps",
    "3 MIO",
    "1.2K",
    "1R",
    "1 2",
    "1.2.3",
    "0x1",
    "1_0",
    "(5",
    "--5",
    "5%%",
    "1,2,3",
    "€5 USD",
    "5 USD%",
    "1.23.456",
    "5%%",
]


@each_case("cell", NO_NUMBERS)
def test_what_is_no_number_is_refused_alone(cell: str) -> None:
    (first, refused, last), _ = numbers_of([["1.5", cell, "2"]])
    assert (first, last) == (1.5, 2.0)
    assert refused in ("pnl_not_a_number", "pnl_written_otherwise")


def test_what_is_said_decides() -> None:
    cells = [["-1.230", "-470", "0.5"]]
    assert numbers_of(cells, Declared(decimal=","))[0] == [-1230.0, -470.0, "pnl_written_otherwise"]
    assert numbers_of(cells, Declared(decimal="."))[0] == [-1.23, -470.0, 0.5]


def grouped(digits: str, separator: str) -> str:
    first = len(digits) % 3
    return separator.join(
        part for part in (digits[:first], *(digits[n : n + 3] for n in range(first, len(digits), 3))) if part
    )


def written(value: Decimal, decimal: str, thousands: str, least: int, around: tuple[str, str], minus: str) -> str:
    """Write a number, in groups where it has so many digits at least."""
    whole, _, decimals = str(abs(value)).partition(".")
    text = (grouped(whole, thousands) if len(whole) >= least else whole) + (decimal + decimals if decimals else "")
    text = around[0] + text + around[1]
    if value >= 0:
        return text
    return {"-": f"-{text}", "\u2212": f"\u2212{text}", "()": f"({text})", "behind": f"{text}-"}[minus]


@each_case("seed", range(1_500))
def test_a_column_in_any_one_way_gives_its_values_back_or_is_refused(seed: int) -> None:
    source = random.Random(seed)
    decimal, thousands = source.choice(
        [(".", ","), (",", "."), (".", ""), (",", ""), (".", " "), (",", "\u202f"), (".", "'")]
    )
    around = source.choice(
        [("", ""), ("", ""), ("", "%"), ("", " %"), ("$", ""), ("€ ", ""), ("", " USDT"), ("CHF ", "")]
    )
    minus, least = source.choice(["-", "\u2212", "()", "behind"]), source.choice([4, 5])
    places, largest = source.choice([0, 1, 2, 3, 3, 5]), source.choice([10, 1_000, 10_000_000])
    values = [
        Decimal(source.randrange(-largest * 10**places, largest * 10**places)).scaleb(-places)
        for _ in range(source.randrange(1, 6))
    ]
    pages = [[written(value, decimal, thousands, least, around, minus)] for value in values]
    expected = [float(value.scaleb(-2) if "%" in around[1] else value) for value in values]
    # Only three decimals or one group of thousands can be meant otherwise.
    may_be_refused = places == 3 or largest > 1_000
    why = refused(lambda: numbers_of(pages))
    if may_be_refused and why:
        assert "--decimal" in why
    else:
        assert numbers_of(pages)[0] == expected
    assert numbers_of(pages, Declared(decimal=decimal))[0] == expected
    whole_pages = [[cell for (cell,) in pages]] * 2
    assert numbers_of(whole_pages, Declared(decimal=decimal))[0] == expected * 2
