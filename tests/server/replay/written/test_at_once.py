"""Pages that are read at once hold what they hold cell by cell, whatever stands in them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from each_case import each_case
from server.replay.written.written_columns import numbers_of, refused, times_of

from strategic_memory_server.replay.written import surveyed_ways
from strategic_memory_server.replay.written.ways import Declared

FORMS = ("%d.%m.%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%Y.%m.%d %H:%M", "%Y/%m/%d %H:%M:%S.%f", "%d-%m-%Y %H:%M")
NUMBERS = ((",", "."), (".", ","), (",", "\u202f"), (".", "."), (".", "'"), (",", " "))


def mangled(cell: str, source: random.Random) -> str:
    """Exchange a character, put one in, or leave nothing of it."""
    place = source.randrange(len(cell))
    other = source.choice("0123456789.,' -+T/:x\u00a0\n")
    return source.choice(("", other, cell[:place] + other + cell[place + source.randrange(2) :]))


@each_case("seed", range(1_500))
def test_cells_say_the_same_at_once_as_one_by_one(seed: int) -> None:
    source = random.Random(seed)
    is_time = source.random() < 0.5
    form, (decimal, thousands) = source.choice(FORMS), source.choice(NUMBERS)
    places, largest = source.choice((0, 1, 2, 3)), 10.0 ** source.randrange(1, 7)
    cells = [
        (datetime(2000, 1, 1) + timedelta(minutes=source.randrange(12_000_000))).strftime(form)  # noqa: DTZ001
        if is_time
        else f"{source.gauss(0, largest):,.{places}f}".translate(str.maketrans(",.", thousands + decimal))
        for _ in range(4)
    ]
    if source.random() < 0.5:
        cells[3] = mangled(cells[3], source)
    pages = [cells[:2], cells[2:], cells]
    known = Declared(decimal=source.choice(("", ".", ",")), order=source.choice(("", "dmy", "mdy")))
    found: list[object] = []

    def read() -> None:
        found.append((times_of if is_time else numbers_of)(pages, known))

    at_once = refused(read)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("numbers_at_once", "times_at_once"):
            patch.setattr(surveyed_ways, name, lambda *_: None)
        assert refused(read) == at_once
    assert found[:1] == found[1:]
